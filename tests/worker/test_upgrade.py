"""A database as the version before batches left it, in the midst of its work, and what becomes of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest_asyncio
from alembic import command
from sqlalchemy import Connection, MetaData, func, insert, select, table

from playhead.database import Database
from playhead.identity import new_id
from playhead.ledger import operate
from playhead.ledger.submit import submit
from playhead.migrate import config, upgrade
from playhead.models import ADMIN_OWNER
from playhead.settings import Settings
from playhead.states import State
from playhead.storage import Storage
from playhead.tickets import LOOK
from tests.worker.conftest import SUBMISSION, House, listening
from tests.worker.test_worker import all_spent

if TYPE_CHECKING:
    from pathlib import Path

    from playhead.storage import Blob

NAMES = (
    "queued", "taken", "running", "due", "later", "failed", "abandoned", "done", "skipped",
    "after", "on output", "half met",
)  # fmt: skip
IDS = {name: new_id() for name in NAMES}
NEEDS = [("abandoned", "failed"), ("after", "queued"), ("on output", "queued"), ("half met", "running")]
MET = [("half met", "done")]
LONG_AGO = datetime.now(UTC) - timedelta(days=1)
FILE, WORKER = new_id(), new_id()


@pytest_asyncio.fixture(loop_scope="session")
async def house(empty_database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    settings = Settings(database_url=empty_database_url, data_dir=tmp_path, engines="stub", admin_key=None)
    database = Database(empty_database_url)
    made = House(settings, database, Storage.from_url(settings.storage_location))
    blob = await made.storage.put_bytes(b"any recording")
    async with database.engine.begin() as connection:
        await connection.run_sync(lambda link: command.upgrade(config(link), "0003_quarantine"))
        await connection.run_sync(_fill, blob)
        before = await connection.run_sync(_counts)
    await upgrade(empty_database_url)
    async with database.engine.begin() as connection:
        after = await connection.run_sync(_counts)
        assert after["owners"] == before["owners"] + 1, "that of the work on podcasts is new"
        assert before.items() - {("owners", before["owners"])} <= after.items()
    async with listening(made):
        yield made
    await database.close()


def _counts(connection: Connection) -> dict[str, int]:
    names = MetaData()
    names.reflect(connection)
    return {name: connection.scalar(select(func.count()).select_from(table(name))) or 0 for name in names.tables}


def _fill(connection: Connection, blob: Blob) -> None:
    tables = MetaData()
    tables.reflect(connection)
    for name, rows in _rows(blob).items():
        for row in rows:
            connection.execute(insert(tables.tables[name]), row)


def _rows(blob: Blob) -> dict[str, list[dict[str, Any]]]:
    bytes_, owned = {"sha256": blob.sha256, "size_bytes": blob.size_bytes}, {"owner_id": ADMIN_OWNER}
    told = {name: {"job_id": IDS[name], **owned} for name in NAMES}
    return {
        "blobs": [bytes_],
        "files": [{"id": FILE, **owned, **bytes_, "media_type": "audio/wav"}],
        "keys": [{"id": new_id(), **owned, "name": "old", "prefix": "old", "digest": b"old"}],
        "queues": [{"name": "cpu", "paused_at": LONG_AGO}],
        "workers": [_worker()],
        "jobs": [_job(name, blob.sha256) for name in NAMES],
        "job_dependencies": [{"job_id": IDS[job], "needs_id": IDS[needs]} for job, needs in NEEDS + MET],
        "job_events": [{**told[name], "type": "state", "attempt": 0, "data": {"state": "queued"}} for name in NAMES],
        "outputs": [{**told["done"], **bytes_, "name": "transcript.txt", "media_type": "text/plain"}],
        "checkpoints": [{**told["running"], "lease": 1, "state": {"segments": 0}}],
        "engine_deaths": [
            {"kind": "transcribe", "sha256": "0" * 64, "deaths": 1, "job_ids": [], "last_error": {"message": "died"}}
        ],
        "procrastinate_workers": [{"last_heartbeat": LONG_AGO}],
        "procrastinate_jobs": [_ticket("queued"), _ticket("taken", status="doing", worker_id=1)],
    }


def _worker() -> dict[str, Any]:
    about: dict[str, Any] = {"device": "cpu", "queues": ["gpu"], "concurrency": {"gpu": 1}, "version": "0"}
    return {"id": WORKER, "name": "old", **about, "heartbeat_at": LONG_AGO, "stopped_at": LONG_AGO}


def _job(name: str, sha256: str) -> dict[str, Any]:
    needs = sum(job == name for job, _ in NEEDS)
    about = {"id": IDS[name], "owner_id": ADMIN_OWNER, "kind": "transcribe", "queue": "gpu", "max_attempts": 3}
    given: dict[str, Any] = {"input": {"file": str(FILE)}, "input_sha256": sha256}
    if name == "on output":
        given = {"input": {"job": str(IDS["queued"]), "output": "transcript.txt"}, "input_sha256": None}
    state = {"state": "waiting", "metadata": {}, "params": {"language": "en"}, "trace_id": "0" * 32, "waits_for": needs}
    return about | given | state | _stands(name)


def _stands(name: str) -> dict[str, Any]:
    ended = {"finished_at": LONG_AGO, "queued_at": LONG_AGO}
    found: dict[str, dict[str, Any]] = {
        "queued": {"state": "queued", "queued_at": LONG_AGO},
        "taken": {"state": "queued", "queued_at": LONG_AGO},
        "running": {"state": "running", "lease": 1, "worker_id": WORKER, "attempt": 1, "started_at": LONG_AGO},
        "due": {"run_at": LONG_AGO, "attempt": 1, "error": {"code": "x", "message": "x", "attempt": 1}},
        "later": {"run_at": datetime.now(UTC) + timedelta(days=1)},
        "failed": ended | {"state": "failed", "attempt": 3, "error": {"code": "x", "message": "x", "attempt": 3}},
        "abandoned": ended
        | {"state": "canceled", "error": {"code": "dependency_failed", "message": "x", "attempt": 0}},
        "done": ended | {"state": "succeeded", "result": {}, "idempotency_key": "k", "request_digest": b"another way"},
        "skipped": ended | {"state": "skipped", "error": {"code": "skipped", "message": "x", "attempt": 0}},
    }
    return found.get(name, {})


def _ticket(name: str, **changes: Any) -> dict[str, Any]:
    return {"task_name": LOOK, "queue_name": "gpu", "args": {"job_id": str(IDS[name])}, **changes}


async def _states(house: House) -> dict[str, str]:
    return {name: (await house.job(IDS[name])).state for name in NAMES}


async def test_everything_goes_on_where_it_was(house: House) -> None:
    """A worker for some kinds, which knows nothing of where tickets lay before."""
    async with house.worker(worker=house.settings.worker.model_copy(update={"kinds": ["transcribe"]})):
        for name in ("queued", "taken", "running", "due", "after", "on output", "half met"):
            assert (await house.ended(IDS[name])).state == State.SUCCEEDED, name
        async with house.database.transaction() as session:
            await operate.retry(session, ADMIN_OWNER, IDS["failed"])
        for name in ("failed", "abandoned"):
            assert (await house.ended(IDS[name])).state == State.SUCCEEDED, name
        await all_spent(house)
    open_ = {name: state for name, state in (await _states(house)).items() if state != State.SUCCEEDED}
    assert open_ == {"later": State.WAITING, "skipped": State.SKIPPED}
    assert await house.outputs(IDS["done"]) == {"transcript.txt": b"any recording"}


async def test_a_request_is_known_that_was_made_before(house: House) -> None:
    """The digests of requests are made otherwise since then."""
    again = replace(SUBMISSION, input={"file": str(FILE)}, idempotency_key="k")
    async with house.database.transaction() as session:
        assert await submit(session, again) == IDS["done"]
