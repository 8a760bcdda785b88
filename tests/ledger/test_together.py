"""Claims and ends of several jobs in one statement: as each would be alone, and none waits for another."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, insert, select, update

from playhead.ledger import queues, settle
from playhead.ledger.claim import claim_free
from playhead.ledger.settle import Cost, Ended
from playhead.models import EngineDeaths, Job
from playhead.states import Priority, State
from tests.ledger.flying import Airport

if TYPE_CHECKING:
    from uuid import UUID

    from playhead.ledger.run import Run
    from tests.ledger.conftest import Bench

COST = Cost(1.5, 10.0, 3, 4)


async def claim_together(bench: Bench, *job_ids: UUID) -> dict[UUID, Run]:
    async with bench.database.transaction() as session:
        return {run.job_id: run for run in await claim_free(session, job_ids, bench.worker_id)}


async def succeed_together(bench: Bench, *runs: Run, result: dict[str, Any] | None = None) -> set[int]:
    async with bench.database.transaction() as session:
        return await settle.succeed_free(session, [Ended(run, result or {"n": run.lease}, COST) for run in runs])


async def test_each_gets_a_lease_of_its_own_and_a_line_in_its_history(bench: Bench) -> None:
    jobs = [await bench.submit(priority=priority) for priority in (Priority.LOW, Priority.NORMAL, Priority.HIGH)]
    runs = await claim_together(bench, *jobs)
    assert [runs[job_id].priority for job_id in jobs] == [(await bench.job(job_id)).priority for job_id in jobs]
    assert len({run.lease for run in runs.values()}) == 3
    for job_id in jobs:
        job = await bench.job(job_id)
        assert (job.state, job.attempt, job.lease, job.worker_id) == ("running", 1, runs[job_id].lease, bench.worker_id)
        assert await bench.history(job_id) == ["queued", "running"]


async def test_only_what_can_be_taken_is(bench: Bench) -> None:
    free, taken, ended = [await bench.submit() for _ in range(3)]
    paused = await bench.submit(queue="cpu")
    await bench.claim(taken)
    await bench.set(ended, state=State.CANCELED)
    async with bench.database.transaction() as session:
        await queues.pause(session, "cpu")
    assert set(await claim_together(bench, free, taken, ended, paused)) == {free}


async def test_of_many_who_claim_the_same_jobs_at_once_one_has_each(bench: Bench) -> None:
    jobs = [await bench.submit() for _ in range(5)]
    won = await asyncio.gather(*(claim_together(bench, *jobs) for _ in range(10)))
    assert sorted(job_id for runs in won for job_id in runs) == sorted(jobs)


async def test_what_somebody_holds_is_not_waited_for(bench: Bench) -> None:
    held, free = [await bench.submit() for _ in range(2)]
    async with bench.database.transaction() as session:
        await session.execute(select(Job.id).where(Job.id == held).with_for_update())
        assert set(await claim_together(bench, held, free)) == {free}
    held_run, free_run = await bench.claim(held), await bench.running()
    assert held_run
    async with bench.database.transaction() as session:
        await session.execute(select(Job.id).where(Job.id == held).with_for_update())
        assert await succeed_together(bench, held_run, free_run) == {free_run.lease}


async def test_what_was_changed_while_it_was_waited_for_is_taken_as_it_is_now(bench: Bench) -> None:
    job_id = await bench.submit()
    async with bench.database.transaction() as session:
        await session.execute(update(Job).where(Job.id == job_id).values(priority=7))
        claiming = asyncio.create_task(bench.claim(job_id))
        await bench.blocked()
    run = await claiming
    assert run is not None
    assert (run.priority, (await bench.job(job_id)).lease) == (7, run.lease)


async def test_each_has_its_own_result_and_cost(bench: Bench) -> None:
    runs = [await bench.running() for _ in range(3)]
    assert await succeed_together(bench, *runs) == {run.lease for run in runs}
    for run in runs:
        job = await bench.job(run.job_id)
        assert (job.state, job.progress, job.lease, job.worker_id) == ("succeeded", 1.0, None, None)
        assert job.result == {"n": run.lease}
        assert (job.gpu_seconds, job.audio_seconds, job.input_tokens, job.output_tokens) == (1.5, 10.0, 3, 4)
        assert job.started_at is not None
        assert job.finished_at is not None
        assert job.run_seconds == pytest.approx((job.finished_at - job.started_at).total_seconds())
        assert await bench.history(run.job_id) == ["queued", "running", "succeeded"]


async def test_who_lost_the_job_writes_nothing(bench: Bench) -> None:
    lost, kept = [await bench.running() for _ in range(2)]
    await bench.set(lost.job_id, lease=lost.lease + 1000)
    assert await succeed_together(bench, lost, kept) == {kept.lease}
    assert (await bench.job(lost.job_id)).state == State.RUNNING


async def test_what_others_wait_for_is_left(bench: Bench) -> None:
    needed, plain = [await bench.running() for _ in range(2)]
    dependent = await bench.submit(after=[needed.job_id])
    assert await succeed_together(bench, needed, plain) == {plain.lease}
    await bench.succeed(needed)
    assert await bench.state(dependent) == State.QUEUED


async def test_what_others_may_have_the_result_of_is_left(bench: Bench) -> None:
    airport = Airport(bench)
    led, plain = await airport.leading(), await bench.running()
    follower = await airport.following()
    assert await succeed_together(bench, led, plain) == {plain.lease}
    await airport.succeed(led)
    assert await bench.state(follower) == State.SUCCEEDED


async def test_who_is_about_to_wait_for_it_is_not_missed(bench: Bench) -> None:
    """The dependency is committed between the two statements, or just before the first."""
    for _ in range(20):
        needed = await bench.running()
        dependent, settled = await asyncio.gather(bench.submit(after=[needed.job_id]), succeed_together(bench, needed))
        if not settled:
            await bench.succeed(needed)
        assert await bench.state(dependent) == State.QUEUED


async def test_what_was_blamed_for_the_death_of_an_engine_is_left(bench: Bench) -> None:
    run = await bench.running()
    await bench.set(run.job_id, input_sha256="a" * 64)
    blamed = {"deaths": 1, "job_ids": [run.job_id], "last_error": {}, "last_at": func.now()}
    async with bench.database.transaction() as session:
        await session.execute(insert(EngineDeaths).values(kind=run.kind, sha256="a" * 64, **blamed))
        known = Ended(run.__class__(**{**vars(run), "input_sha256": "a" * 64}), {}, COST)
        assert await settle.succeed_free(session, [known]) == set()


@pytest.mark.parametrize("result", [{"text": "ünï 🎧 \\u0000 '\"", "list": [1, None, {"a": 1.5}]}])
async def test_results_come_through_as_they_are(bench: Bench, result: dict[str, Any]) -> None:
    run = await bench.running()
    await succeed_together(bench, run, result=result)
    assert (await bench.job(run.job_id)).result == result
