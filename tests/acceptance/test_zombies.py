"""A worker that was stopped beyond its lease and goes on: it can write nothing, and works on for others."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import select, text

from playhead.models import Job
from playhead.states import State
from tests.acceptance.processes import submit_trial, worker
from tests.programs import Program
from tests.worker.conftest import House

pytestmark = pytest.mark.heavy

WRITTEN = {
    "job": "SELECT * FROM jobs WHERE id = :id",
    "events": "SELECT * FROM job_events WHERE job_id = :id ORDER BY id",
    "checkpoint": "SELECT * FROM checkpoints WHERE job_id = :id",
    "outputs": "SELECT * FROM outputs WHERE job_id = :id ORDER BY name",
}
TICKETS = "SELECT id FROM procrastinate_jobs WHERE CAST(args ->> 'job_id' AS uuid) = :id"
STALL = {"WORKER__STALL_SECONDS": "3"}
"""Less than a zombie is stopped for: being stopped is not hanging."""


async def written(house: House, job_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """All that the ledger holds of a job."""
    async with house.database.transaction() as session:
        return {
            name: [dict(row) for row in (await session.execute(text(query), {"id": job_id})).mappings()]
            for name, query in WRITTEN.items()
        }


async def tickets(house: House, job_id: UUID) -> set[int]:
    """Those that are spent or swept away meanwhile are no zombie's work; a new one would be."""
    async with house.database.transaction() as session:
        return set(await session.scalars(text(TICKETS), {"id": job_id}))


@asynccontextmanager
async def untouched(house: House, job_id: UUID) -> AsyncIterator[None]:
    """Nothing is written to the job meanwhile, and no ticket issued."""
    before, issued = await written(house, job_id), await tickets(house, job_id)
    yield
    assert await written(house, job_id) == before
    assert await tickets(house, job_id) <= issued


async def wake(zombie: Program, job_id: UUID) -> None:
    """Let it go on and learn that its run is void."""
    zombie.process.send_signal(signal.SIGCONT)
    left = await zombie.says("job_left", job_id=str(job_id))
    assert (left["outcome"], left["attempt"]) == ("lost", 1)


@pytest.mark.parametrize("deed_at", [2, 4], ids=["at-work", "done-but-not-settled"])
async def test_a_zombie_writes_nothing_to_a_job_that_another_ended(house: House, tmp_path: Path, deed_at: int) -> None:
    job_id = await submit_trial(house, steps=4, pause_seconds=0.6, once=tmp_path / "once", deed="stop", deed_at=deed_at)
    async with worker(house, **STALL) as zombie:
        await zombie.stopped()
        before = await written(house, job_id)
        assert before["job"][0]["state"] == "running"
        # It still has something to say: of its last step nothing is written yet.
        assert all(row["state"]["step"] < deed_at - 1 for row in before["checkpoint"])
        async with worker(house) as other:
            job = await house.ended(job_id)
            assert await other.told_to_stop() == 0
        assert (job.state, job.attempt, job.gpu_seconds) == (State.SUCCEEDED, 2, 4.0)
        async with untouched(house, job_id):
            await wake(zombie, job_id)
            assert (await house.ended(await submit_trial(house))).state == State.SUCCEEDED
            assert await zombie.told_to_stop() == 0
    assert zombie.complaints == []


async def test_a_zombie_that_wakes_while_the_next_attempt_runs_leaves_it_alone(house: House, tmp_path: Path) -> None:
    hold = tmp_path / "hold"
    os.mkfifo(hold)
    job_id = await submit_trial(
        house, steps=4, pause_seconds=0.6, once=tmp_path / "once", deed="stop", deed_at=2, hold=hold
    )
    async with worker(house, **STALL) as zombie:
        await zombie.stopped()
        async with worker(house) as other:
            await house.until(job_id, lambda job: job.attempt == 2 and job.progress == 1)
            async with untouched(house, job_id):
                await wake(zombie, job_id)
                # At the latest now it says what it has left to say.
                assert await zombie.told_to_stop() == 0
            await asyncio.to_thread(hold.write_text, "go on")
            job = await house.ended(job_id)
            assert await other.told_to_stop() == 0
        assert (job.state, job.attempt, job.gpu_seconds) == (State.SUCCEEDED, 2, 4.0)
    made = {row["name"]: row for row in (await written(house, job_id))["outputs"]}
    assert made.keys() == {f"step-{step}.txt" for step in range(4)}
    makers = {content.split()[0] for content in (await house.outputs(job_id)).values()}
    assert makers == {str(other.process.pid).encode()}


async def test_a_zombie_that_holds_the_row_of_its_job_does_not_keep_it(house: House, tmp_path: Path) -> None:
    """Stopped in the midst of its settling it has the row locked, which rescue leaves alone: the server ends that."""
    job_id = await submit_trial(house, steps=1, hold=(hold := tmp_path / "hold"))
    os.mkfifo(hold)
    async with worker(house, **STALL) as zombie:
        await house.until(job_id, lambda job: job.progress == 1)
        async with house.database.transaction() as session:
            await session.execute(select(Job.id).where(Job.id == job_id).with_for_update())
            await asyncio.to_thread(hold.write_text, "end")
            await house.blocked()
            zombie.process.send_signal(signal.SIGSTOP)
            await zombie.stopped()
        async with worker(house) as other:
            await other.says("job_claimed", job_id=str(job_id))
            await asyncio.to_thread(hold.write_text, "end")
            job = await house.ended(job_id)
            assert await other.told_to_stop() == 0
        assert (job.state, job.attempt, job.gpu_seconds) == (State.SUCCEEDED, 2, 1.0)
        async with untouched(house, job_id):
            await wake(zombie, job_id)
            assert await zombie.told_to_stop() == 0


RESCUING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'playhead-worker' AND wait_event_type = 'Lock'
"""


async def test_a_zombie_in_the_midst_of_its_housekeeping_does_not_keep_others_from_rescuing(
    house: House, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    job_id = await submit_trial(house, once=tmp_path / "once", deed="wait")
    async with worker(house, **STALL) as zombie:
        await house.until(job_id, lambda job: job.progress > 0)
        connection = await asyncpg.connect(house.database.url)
        await connection.execute("BEGIN")
        await connection.execute("LOCK TABLE workers IN ACCESS EXCLUSIVE MODE")
        async with asyncio.timeout(60):
            while not await connection.fetchval(RESCUING):  # noqa: ASYNC110 - nobody is told of it
                await asyncio.sleep(0.05)
        zombie.process.send_signal(signal.SIGSTOP)
        await zombie.stopped()
        await connection.close()
        async with worker(house) as other:
            began = time.monotonic()
            await other.says("job_claimed", job_id=str(job_id))
            record_property("rescued_seconds", time.monotonic() - began)
            assert (await house.ended(job_id)).attempt == 2
            assert await other.told_to_stop() == 0
        await wake(zombie, job_id)
        assert await zombie.told_to_stop() == 0
