"""An attempt that takes longer than its ``timeout_seconds`` is ended by its worker, or taken from it."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, update

import worker.runner
from playhead.database import now
from playhead.ledger import workers
from playhead.models import Job
from playhead.pulse import Pulse
from playhead.states import State
from tests.worker.test_housekeeping import dead_worker, left_by
from worker.active import Active
from worker.housekeeping import Housekeeping
from worker.outcome import Outcome, Stop
from worker.work import work

if TYPE_CHECKING:
    from tests.worker.conftest import House

TOLD = "the attempt took longer than its timeout_seconds, 0.2 s: give it more, or less to do"


async def test_a_run_that_takes_too_long_is_ended_and_tried_again_until_its_attempts_are_used_up(house: House) -> None:
    job_id = await house.submit(max_attempts=2, timeout_seconds=0.2)
    async with house.worker(**house.slow(3600)):
        job = await house.ended(job_id)
        assert (job.state, job.attempt) == (State.FAILED, 2)
        assert job.error == {"code": "timed_out", "message": TOLD, "attempt": 2}
    states = [told["state"] for told in await house.events(job_id, "state")]
    assert states == ["queued", "running", "waiting", "queued", "running", "failed"]


async def test_its_place_is_free_for_the_next(house: House) -> None:
    house.settings.worker.concurrency = {"gpu": 1}
    long = [await house.submit(name, max_attempts=1, timeout_seconds=0.2) for name in (b"one", b"other")]
    async with house.worker(**house.slow(3600)):
        ended = [await house.ended(job_id) for job_id in long]
    assert [(job.error or {}).get("code") for job in ended] == ["timed_out", "timed_out"]
    assert ended[1].started_at > ended[0].finished_at  # type: ignore[operator] # both are over


async def test_one_that_is_done_in_time_knows_of_no_limit(house: House) -> None:
    job_id = await house.submit(timeout_seconds=3600)
    async with house.worker():
        assert (await house.ended(job_id)).state == State.SUCCEEDED


async def test_work_that_ignores_its_end_is_left_behind_and_its_place_given_to_another(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, left = asyncio.Event(), list[asyncio.Task[Any]]()

    async def deaf_at_first(run: Any, context: Any) -> Outcome:
        if left:
            return await work(run, context)
        left.append(asyncio.current_task())  # type: ignore[arg-type] # it is one
        while not go_on.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await go_on.wait()
        return await work(run, context)

    monkeypatch.setattr(worker.runner, "work", deaf_at_first)
    hasty = house.settings.worker.model_copy(update={"grace_seconds": 0.5, "concurrency": {"gpu": 1}})
    # Attempts enough: on a busy machine one that is not deaf may take too long as well.
    job_id = await house.submit(timeout_seconds=0.5, max_attempts=100)
    async with house.worker(worker=hasty):
        job = await house.ended(job_id)
        assert job.state == State.SUCCEEDED
        assert job.attempt > 1
        go_on.set()
        await asyncio.wait(left)
    assert (await house.job(job_id)).finished_at == job.finished_at


async def test_a_run_that_its_worker_does_not_end_is_taken_from_it_though_its_heart_beats(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlimited = list[Active]()

    def forget(active: Active, _: float) -> contextlib.AbstractContextManager[None]:
        unlimited.append(active)
        return contextlib.nullcontext()

    monkeypatch.setattr(worker.runner, "limited", forget)
    quick = house.settings.worker.model_copy(
        update={"grace_seconds": 0.2, "lost_after_seconds": 2, "heartbeat_seconds": 0.2}
    )
    job_id = await house.submit(max_attempts=1, timeout_seconds=0.2)
    async with house.worker(worker=quick, **house.slow(3600)):
        job = await house.ended(job_id)
        assert await asyncio.wait_for(unlimited[0].outcome(), 30) is Stop.LOST
    assert (job.state, job.attempt) == (State.FAILED, 1)
    assert job.error is not None
    assert (job.error["code"], job.error["attempt"]) == ("timed_out", 1)
    assert "its worker did not end it" in job.error["message"]


async def test_nobodys_time_is_up_because_the_judge_was_cut_off(house: House) -> None:
    """After an outage there are runs that were done in time, and could not say so yet."""
    pulse, worker_id = Pulse(timedelta(seconds=7)), await dead_worker(house)
    house_keeper = Housekeeping(house.database, house.storage, house.settings, pulse)
    running = await left_by(house, worker_id, attempts=2)
    async with house.database.transaction() as session:
        await workers.beat(session, worker_id, "")
        long_ago = func.now() - timedelta(hours=1)
        await session.execute(update(Job).where(Job.id == running).values(started_at=long_ago, timeout_seconds=9))

    async def rescued(*beats_ago: float) -> int:
        pulse._last = None
        async with house.database.transaction() as session:
            at = await now(session)
            for ago in beats_ago:
                pulse.beat(at - timedelta(seconds=ago))
            return await house_keeper._rescue(session)

    assert await rescued(40, 35, 5, 0) == 0
    assert await rescued(40, 35, 20, 15, 10, 5, 0) == 1
