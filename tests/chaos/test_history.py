"""The checker reads a real ledger: a sound one breaks nothing, and one that was tampered with is found out."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from chaos import history
from chaos.checks.jobs import check_jobs
from chaos.diary import Asked, Diary
from chaos.evidence import keep_histories
from chaos.expected import Expected
from chaos.kinds import STEP_DEVICE_SECONDS
from chaos.verdict import Verdict
from playhead.database import Database
from playhead.identity import new_id
from playhead.ledger import settle, sweep, workers
from playhead.ledger.claim import claim
from playhead.ledger.report import Said, report
from playhead.ledger.run import Run
from playhead.ledger.settle import Cost, Made
from playhead.ledger.submit import Submission, submit
from playhead.models import ADMIN_OWNER
from tests.ledger.conftest import confirm

PARAMS = {"salt": "s", "steps": 4, "keep_every": 1}
DIARY = Diary(asked={"k1": Asked("k1", "chaos_long", PARAMS, 0)})


@dataclass
class Ledger:
    """A ledger in which a job was lost once and then succeeded."""

    connection: asyncpg.Connection
    job_id: UUID

    async def checked(self) -> Verdict:
        found = Verdict()
        async for _ in check_jobs(history.read(self.connection), DIARY, found):
            pass
        return found


@pytest_asyncio.fixture(loop_scope="session")
async def ledger(database_url: str) -> AsyncIterator[Ledger]:
    database = Database(database_url)
    job_id = await _lost_and_done(database)
    await database.close()
    connection = await asyncpg.connect(database_url)
    yield Ledger(connection, job_id)
    await connection.close()


async def _lost_and_done(database: Database) -> UUID:
    worker_id = new_id()
    async with database.transaction() as session:
        about = {"name": "w", "device": "none", "queues": ["cpu"], "concurrency": {"cpu": 1}}
        await workers.arrive(session, worker_id, **about)  # type: ignore[arg-type]
        what = {"params": PARAMS, "input": {"url": "https://example.com"}, "idempotency_key": "k1"}
        job_id = await submit(session, Submission(ADMIN_OWNER, "chaos_long", "cpu", max_attempts=3, **what))  # type: ignore[arg-type]
    first = await _told(database, job_id, worker_id, [1, 2])
    async with database.transaction() as session:
        await sweep.rescue_dropped(session, [first.lease])
    second = await _told(database, job_id, worker_id, [3, 4])
    made = await Expected(DIARY.asked).of(DIARY.asked["k1"])
    assert made is not None
    outputs = [Made(name, file.sha256, file.size_bytes, "text/plain") for name, file in made.outputs.items()]
    async with database.transaction() as session:
        cost = Cost(2 * STEP_DEVICE_SECONDS, 2.0)
        await settle.succeed(session, second, {"sha256": made.result}, outputs, cost, confirm)
    return job_id


async def _told(database: Database, job_id: UUID, worker_id: UUID, steps: list[int]) -> Run:
    async with database.transaction() as session:
        run = await claim(session, job_id, worker_id)
        assert run is not None
        await report(session, run, Said(events=[("step", [{"id": step} for step in steps])]))
    return run


async def test_a_sound_ledger_breaks_nothing(ledger: Ledger) -> None:
    found = await ledger.checked()
    assert found.violations == []
    assert set(found.checked.values()) == {1}


@pytest.mark.parametrize(
    ("tampering", "rule"),
    [
        ("UPDATE jobs SET gpu_seconds = 9", "cost"),
        ("UPDATE jobs SET state = 'failed'", "terminal"),
        ("UPDATE outputs SET size_bytes = 1", "outputs"),
        ("DELETE FROM job_events WHERE type = 'step' AND data ->> 'id' = '3'", "checkpoints"),
        ("UPDATE job_events SET lease = 99 WHERE type = 'step' AND data ->> 'id' = '3'", "zombies"),
        ("UPDATE job_events SET attempt = 1 WHERE data ->> 'state' = 'running'", "attempts"),
        ("UPDATE job_events SET lease = 1 WHERE data ->> 'state' = 'running'", "leases"),
        (
            (
                "INSERT INTO job_events (job_id, owner_id, type, attempt, data)"
                " SELECT job_id, owner_id, type, attempt, data FROM job_events WHERE data ->> 'state' = 'succeeded'"
            ),
            "once",
        ),
        ("DELETE FROM job_events WHERE data ->> 'state' = 'running'", "steps"),
    ],
)
async def test_tampering_is_found_out(ledger: Ledger, tampering: str, rule: str) -> None:
    await ledger.connection.execute(tampering)
    assert rule in {one.rule for one in (await ledger.checked()).violations}


async def test_what_rows_point_at_is_wanted_though_its_blob_is_to_be_deleted(ledger: Ledger) -> None:
    await ledger.connection.execute("UPDATE blobs SET deleting = true")
    pointed_at = await history.read_bytes(ledger.connection)
    assert [tuple(row) for row in await ledger.connection.fetch("SELECT sha256, size_bytes FROM outputs")] == pointed_at
    assert pointed_at


async def test_a_checkpoint_of_a_strangers_lease_is_found_out(ledger: Ledger) -> None:
    await ledger.connection.execute(
        "INSERT INTO checkpoints (job_id, owner_id, lease, state) SELECT id, owner_id, 99, '{}' FROM jobs"
    )
    assert {one.rule for one in (await ledger.checked()).violations} == {"checkpoints"}


async def test_all_that_is_known_of_an_offender_is_kept(ledger: Ledger, tmp_path: Path) -> None:
    await ledger.connection.execute("UPDATE jobs SET gpu_seconds = 9")
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "worker-1.1.log").write_text(f"a line\na line of {ledger.job_id}\n")
    await keep_histories(ledger.connection, await ledger.checked(), DIARY, tmp_path)
    kept = json.loads((tmp_path / "histories" / f"{ledger.job_id}.json").read_text())
    assert kept["violations"][0].startswith("cost: ")
    assert (len(kept["events"]), len(kept["tickets"]), len(kept["outputs"])) == (9, 2, 1)
    assert kept["log"] == [f"worker-1.1.log: a line of {ledger.job_id}"]
