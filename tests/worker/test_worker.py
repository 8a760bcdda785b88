from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, text, update

from playhead.ledger import operate
from playhead.models import ADMIN_OWNER, WorkerRow
from playhead.states import State
from worker.outcome import Stop

if TYPE_CHECKING:
    from tests.worker.conftest import House

OUTPUTS = {f"transcript.{name}" for name in ("json", "txt", "srt", "vtt", "tsv")}


async def test_a_ticket_becomes_a_transcript(house: House) -> None:
    job_id = await house.submit()
    async with house.worker():
        job = await house.ended(job_id)
        await all_spent(house)
    assert (job.state, job.error, job.attempt, job.progress) == (State.SUCCEEDED, None, 1, 1.0)
    assert job.result is not None
    outputs = await house.outputs(job_id)
    assert outputs.keys() == OUTPUTS
    assert json.loads(outputs["transcript.json"]) == job.result
    segments = await house.events(job_id, "segment")
    assert segments == job.result["segments"]
    assert job.audio_seconds > 0
    assert list(house.settings.scratch_location.glob("worker-*")) == []


async def all_spent(house: House) -> None:
    """Return when no ticket is left. Nothing tells: the last is spent a moment after its job has ended."""
    async with asyncio.timeout(60):
        while True:
            async with house.database.transaction() as session:
                if not await session.scalar(text("SELECT 1 FROM procrastinate_jobs WHERE task_name LIKE '%look'")):
                    return
            await asyncio.sleep(0.02)


async def test_a_job_posted_to_a_waiting_worker_is_begun_at_once(house: House) -> None:
    async with house.worker():
        first = await house.ended(await house.submit(b"one"))
        second = await house.ended(await house.submit(b"two"))
    assert (first.state, second.state) == (State.SUCCEEDED, State.SUCCEEDED)


async def test_unreadable_media_fails_at_once(house: House) -> None:
    job_id = await house.submit(b"")
    async with house.worker():
        job = await house.ended(job_id)
    assert job.error is not None
    assert (job.state, job.error["code"], job.attempt) == (State.FAILED, "media_unreadable", 1)


async def test_bytes_that_are_gone_fail_with_what_to_know(house: House) -> None:
    job_id = await house.submit()
    sha256 = (await house.job(job_id)).input_sha256
    assert sha256 is not None
    await house.storage.delete(sha256)
    async with house.worker():
        job = await house.ended(job_id)
    assert job.error is not None
    assert job.error["code"] == "input_missing"


async def test_an_output_of_another_job_is_an_input(house: House) -> None:
    async with house.worker():
        first = await house.submit()
        second = await house.submit(input={"job": str(first), "output": "transcript.txt"})
        assert (await house.ended(second)).state == State.SUCCEEDED


async def test_stopping_gives_back_and_another_worker_goes_on(house: House) -> None:
    job_id = await house.submit()
    async with house.worker(**house.slow(0.4, segments=200)):
        await house.until(job_id, lambda job: job.progress > 0)
    job = await house.job(job_id)
    assert (job.state, job.attempt, job.lease) == (State.QUEUED, 0, None)
    async with house.worker(**house.slow(0, segments=200)):
        job = await house.ended(job_id)
    assert (job.state, job.attempt) == (State.SUCCEEDED, 1)


async def test_cancel_stops_the_run_and_frees_its_place(house: House) -> None:
    one_at_a_time = house.settings.worker.model_copy(update={"concurrency": {"gpu": 1}})
    job_id = await house.submit()
    async with house.worker(worker=one_at_a_time, **house.slow(3600)) as runner:
        await house.until(job_id, lambda job: job.state == State.RUNNING)
        async with house.database.transaction() as session:
            await operate.cancel(session, ADMIN_OWNER, job_id)
        await house.until(job_id, lambda job: job.state == State.CANCELED)
        waiting = await house.submit(b"next")
        # The place is free again: the next is claimed while the worker's pace stays one segment an hour.
        await house.until(waiting, lambda job: job.state == State.RUNNING)
        assert [active.run.job_id for active in runner.active.values()] == [waiting]


async def test_killed_connections_cost_no_attempt(house: House) -> None:
    job_id = await house.submit()
    async with house.worker(**house.slow(0.2, segments=20)):
        await house.until(job_id, lambda job: job.progress > 0)
        for _ in range(3):
            await house.kill_backends()
            await house.until(job_id, lambda _: True)
        job = await house.ended(job_id)
        assert (job.state, job.attempt) == (State.SUCCEEDED, 1)
        assert len(await house.events(job_id, "segment")) == 20
        again = await house.ended(await house.submit(b"after"))
    assert again.state == State.SUCCEEDED


@pytest.mark.heavy
async def test_a_worker_that_fell_silent_is_replaced(house: House) -> None:
    mute = house.settings.worker.model_copy(update={"heartbeat_seconds": 3600})
    job_id = await house.submit()
    async with house.worker(worker=mute, **house.slow(3600)) as zombie:
        await house.until(job_id, lambda job: job.state == State.RUNNING)
        (run,) = zombie.active.values()
        zombie.take_no_more()
        async with house.database.transaction() as session:
            long_ago = func.now() - timedelta(hours=1)
            await session.execute(
                update(WorkerRow).where(WorkerRow.id == zombie.worker_id).values(heartbeat_at=long_ago)
            )
        async with house.worker():
            job = await house.ended(job_id)
        assert (job.state, job.attempt) == (State.SUCCEEDED, 2)
        assert await asyncio.wait_for(run.outcome(), 10) is Stop.LOST


async def test_a_worker_is_seen_and_leaves(house: House) -> None:
    async with house.worker() as runner:
        await house.ended(await house.submit())
        async with house.database.transaction() as session:
            row = (await session.scalars(select(WorkerRow))).one()
        assert (row.id, row.device, row.stopped_at) == (runner.worker_id, "stub", None)
    # Counted after the end of the job is written: that is done by now.
    assert 'playhead_runs_total{kind="transcribe",outcome="succeeded"} 1.0' in runner.metrics.exposition()
    async with house.database.transaction() as session:
        assert (await session.scalars(select(WorkerRow.stopped_at))).one() is not None
