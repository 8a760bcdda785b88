from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, text

from playhead.errors import EngineCrashedError, LeaseLostError, MediaUnreadableError, SpeakerUnavailableError
from playhead.ledger import queues, settle, sweep
from playhead.ledger.report import Said, load_checkpoint, report
from playhead.ledger.settle import Cost, Made, backoff_seconds
from playhead.models import Checkpoint, Job, Output
from playhead.settings import RetrySettings
from playhead.states import Priority, State
from tests.ledger.conftest import confirm

if TYPE_CHECKING:
    from playhead.ledger.run import Run
    from tests.ledger.conftest import Bench

MADE = Made("transcript.txt", "a" * 64, 5, "text/plain")


async def test_a_claim_counts_the_attempt_and_holds_the_job(bench: Bench) -> None:
    run = await bench.running()
    job = await bench.job(run.job_id)
    assert (job.state, job.attempt, job.lease, job.worker_id) == (State.RUNNING, 1, run.lease, bench.worker_id)
    assert await bench.claim(run.job_id) is None


async def test_of_fifty_claims_at_once_one_wins(bench: Bench) -> None:
    job_id = await bench.submit()
    won = await asyncio.gather(*(bench.claim(job_id) for _ in range(50)))
    assert sum(run is not None for run in won) == 1
    assert (await bench.job(job_id)).attempt == 1


async def test_leases_grow(bench: Bench) -> None:
    first, second = await bench.running(), await bench.running()
    assert second.lease > first.lease


async def test_success_is_one_transaction(bench: Bench) -> None:
    run = await bench.running()
    async with bench.database.transaction() as session:
        await settle.succeed(session, run, {"text": "hello"}, [MADE], Cost(1.5, 10.0), confirm)
    job = await bench.job(run.job_id)
    assert (job.state, job.result, job.progress, job.lease) == (State.SUCCEEDED, {"text": "hello"}, 1.0, None)
    assert (job.gpu_seconds, job.audio_seconds) == (1.5, 10.0)
    assert await bench.history(run.job_id) == ["queued", "running", "succeeded"]
    async with bench.database.transaction() as session:
        assert (await session.scalars(select(Output.name).where(Output.job_id == run.job_id))).all() == [MADE.name]


async def test_a_permanent_error_is_never_retried(bench: Bench) -> None:
    run = await bench.running()
    assert await bench.fail(run, MediaUnreadableError("it is a picture")) is State.FAILED
    job = await bench.job(run.job_id)
    assert job.error == {"code": "media_unreadable", "message": "it is a picture", "attempt": 1}


async def test_a_transient_error_waits_for_its_next_attempt_without_a_ticket(bench: Bench) -> None:
    run = await bench.running()
    await bench.spend_tickets()
    assert await bench.fail(run, EngineCrashedError("boom"), RetrySettings(base_seconds=3600)) is State.WAITING
    assert await bench.tickets() == []


async def test_attempts_end_in_the_dead_letter(bench: Bench) -> None:
    run = await bench.running(max_attempts=1)
    assert await bench.fail(run, EngineCrashedError("boom")) is State.FAILED


async def test_a_job_given_back_keeps_its_attempt_and_gets_a_ticket(bench: Bench) -> None:
    run = await bench.running()
    await bench.spend_tickets()
    async with bench.database.transaction() as session:
        await settle.give_back(session, run, Cost(gpu_seconds=2))
    job = await bench.job(run.job_id)
    assert (job.state, job.attempt, job.gpu_seconds) == (State.QUEUED, 0, 2)
    assert await bench.tickets() == [run.job_id]
    assert await bench.history(run.job_id) == ["queued", "running", "queued"]


@pytest.mark.parametrize(
    ("told", "kept"), [(0.4, 0.4), (-1, 0), (2, 1), (math.inf, 1), (-math.inf, 0), (math.nan, 0.25)]
)
async def test_progress_is_a_share_whatever_is_told(bench: Bench, told: float, kept: float) -> None:
    run = await bench.running()
    async with bench.database.transaction() as session:
        await report(session, run, Said(progress=(0.25, "working", 3.0)))
        await report(session, run, Said(progress=(told, "working", 3.0)))
    assert (await bench.job(run.job_id)).progress == kept


@pytest.mark.parametrize("told", [math.nan, math.inf, -math.inf])
async def test_a_time_left_that_is_no_number_is_not_known(bench: Bench, told: float) -> None:
    run = await bench.running()
    async with bench.database.transaction() as session:
        await report(session, run, Said(progress=(0.5, "working", told)))
    assert (await bench.job(run.job_id)).eta_seconds is None


async def _everything(bench: Bench, run: Run, name: str) -> None:
    async with bench.database.transaction() as session:
        match name:
            case "progress":
                await report(session, run, Said(progress=(0.5, "late", None)))
            case "events":
                await report(session, run, Said(events=[("segment", [{"id": 0}])]))
            case "checkpoint":
                await report(session, run, Said(checkpoint={"late": True}))
            case "succeed":
                await settle.succeed(session, run, {"late": True}, [MADE], Cost(9, 9), confirm)
            case "fail":
                await settle.fail(session, run, EngineCrashedError("late"), Cost(9, 9), RetrySettings())
            case "give_back":
                await settle.give_back(session, run, Cost(9, 9))


@pytest.mark.parametrize("name", ["progress", "events", "checkpoint", "succeed", "fail", "give_back"])
async def test_a_run_that_lost_its_lease_writes_nothing(bench: Bench, name: str) -> None:
    zombie = await bench.running()
    async with bench.database.transaction() as session:
        await settle.give_back(session, zombie, Cost())
    owner = await bench.claim(zombie.job_id)
    assert owner is not None
    before = await bench.history(owner.job_id)
    with pytest.raises(LeaseLostError):
        await _everything(bench, zombie, name)
    job = await bench.job(owner.job_id)
    assert (job.state, job.lease, job.gpu_seconds, job.progress) == (State.RUNNING, owner.lease, 0, 0)
    assert await bench.history(owner.job_id) == before
    async with bench.database.transaction() as session:
        assert (await session.scalars(select(Output.name))).all() == []
        assert (await session.scalars(select(Checkpoint.state))).all() == []


async def test_a_checkpoint_outlives_the_attempt(bench: Bench) -> None:
    run = await bench.running()
    async with bench.database.transaction() as session:
        await report(session, run, Said(checkpoint={"done_seconds": 30}))
        await report(session, run, Said(checkpoint={"done_seconds": 60}))
        await settle.give_back(session, run, Cost())
    again = await bench.claim(run.job_id)
    assert again is not None
    async with bench.database.transaction() as session:
        assert await load_checkpoint(session, again) == {"done_seconds": 60}


async def test_a_paused_queue_begins_nothing_and_resumes_with_new_tickets(bench: Bench) -> None:
    job_id = await bench.submit()
    async with bench.database.transaction() as session:
        await queues.pause(session, "gpu")
    assert await bench.claim(job_id) is None
    await bench.spend_tickets()
    async with bench.database.transaction() as session:
        await queues.resume(session, "gpu")
    assert await bench.tickets() == [job_id]
    assert await bench.claim(job_id) is not None


async def test_a_long_queue_is_resumed_batch_by_batch_the_most_urgent_first(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one request it took longer than a request may: it was rolled back, each time."""
    for module in (queues, sweep):
        monkeypatch.setattr(module, "BATCH", 2)
    jobs = [await bench.submit(priority=Priority.HIGH if number > 2 else Priority.NORMAL) for number in range(5)]
    for job_id in jobs:
        await bench.set(job_id, queued_at=func.now() - text("interval '2 minutes'"))
    async with bench.database.transaction() as session:
        await queues.pause(session, "gpu")
    await bench.spend_tickets()
    async with bench.database.transaction() as session:
        await queues.resume(session, "gpu")
    assert await bench.tickets() == jobs[3:]
    for brought in (2, 1, 0):
        async with bench.database.transaction() as session:
            assert await sweep.reissue_missing(session) == brought
    assert await bench.tickets() == jobs[3:] + jobs[:3]


async def test_queue_statuses_count_what_could_run(bench: Bench) -> None:
    await bench.running()
    await bench.submit()
    async with bench.database.transaction() as session:
        status = {status.name: status for status in await queues.statuses(session)}
    assert (status["gpu"].depth, status["gpu"].running) == (1, 1)
    assert status["gpu"].oldest_age_seconds > 0
    assert (status["io"].depth, status["io"].oldest_age_seconds) == (0, 0.0)


def test_backoff_is_jittered_under_a_doubling_capped_bound() -> None:
    retry = RetrySettings(base_seconds=2, cap_seconds=10)
    drawn = {attempt: [backoff_seconds(attempt, retry) for _ in range(2000)] for attempt in (1, 2, 3, 50, 5000)}
    for attempt, bound in {1: 2, 2: 4, 3: 8, 50: 10, 5000: 10}.items():
        assert 0 <= min(drawn[attempt]) < bound * 0.05
        assert bound * 0.95 < max(drawn[attempt]) <= bound


@pytest.mark.parametrize(("asked_for", "waits"), [(90.0, 90), (math.inf, 600)])
async def test_the_next_attempt_waits_as_long_as_a_server_asked_for(
    bench: Bench, asked_for: float, waits: float
) -> None:
    run = await bench.running()
    error = SpeakerUnavailableError("It is busy.", retry_after_seconds=asked_for)

    assert await bench.fail(run, error) == State.WAITING

    async with bench.database.transaction() as session:
        wait = await session.scalar(select(func.extract("epoch", Job.run_at - func.now())).where(Job.id == run.job_id))
    assert wait is not None
    assert waits - 60 < wait <= waits
