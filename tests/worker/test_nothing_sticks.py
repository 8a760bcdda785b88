"""Whatever breaks at whatever moment: no job stays in the hands of a worker that does not run it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from sqlalchemy import delete, select

import worker.runner
from playhead.errors import MediaUnreadableError
from playhead.identity import new_id
from playhead.ledger import settle
from playhead.ledger.claim import claim
from playhead.models import WorkerRow
from playhead.states import State
from worker.engines import make_engines
from worker.heartbeat import Heartbeat
from worker.metrics import Metrics
from worker.outcome import Failure, Outcome
from worker.presence import arrive
from worker.runner import Runner
from worker.settling import Settling

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path
    from uuid import UUID

    from playhead.ledger.run import Run
    from tests.worker.conftest import House
    from worker.context import JobContext


@pytest_asyncio.fixture(loop_scope="session")
async def runner(house: House, tmp_path: Path) -> AsyncIterator[Runner]:
    """A worker without its loops: a test hands it tickets and lets its heart beat."""
    engines = make_engines(house.settings)
    made = Runner(new_id(), house.settings, house.database, house.storage, engines, tmp_path / "scratch", Metrics())
    await arrive(made)
    yield made
    await engines.close()


async def beat(runner: Runner) -> None:
    await Heartbeat(runner, runner.database, sign_of_life=runner.scratch / "alive").beat()


async def take(runner: Runner, job_id: UUID) -> Run:
    async with runner.database.transaction() as session:
        run = await claim(session, job_id, runner.worker_id)
    assert run is not None
    return run


async def broken(*_: Any) -> None:
    message = "a bug"
    raise ValueError(message)


async def test_a_failure_is_written_though_what_was_told_before_cannot_be(
    house: House, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def tell(_: Run, context: JobContext) -> Outcome:
        await context.emit("segment", {"text": "half a surrogate pair, \ud800, is no text"})
        return Failure(MediaUnreadableError("cut off"))

    monkeypatch.setattr(worker.runner, "work", tell)
    job_id = await house.submit()
    await runner.look(job_id, "gpu")
    job = await house.job(job_id)
    assert (job.state, (job.error or {})["code"]) == (State.FAILED, "media_unreadable")


async def test_a_run_whose_end_could_not_be_written_is_taken_back(
    house: House, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = await house.submit()
    monkeypatch.setattr(settle, "succeed", broken)
    monkeypatch.setattr(settle, "fail", broken)
    with pytest.raises(ValueError, match="a bug"):
        await runner.look(job_id, "gpu")
    assert (await house.job(job_id)).state == State.RUNNING
    await beat(runner)
    job = await house.job(job_id)
    assert job.error is not None
    assert (job.state, job.attempt, job.error["code"]) == (State.QUEUED, 1, "worker_lost")
    monkeypatch.undo()
    await runner.look(job_id, "gpu")
    assert (await house.job(job_id)).state == State.SUCCEEDED


async def test_a_claim_whose_answer_was_lost_is_taken_back(house: House, runner: Runner) -> None:
    job_id = await house.submit()
    await take(runner, job_id)
    await beat(runner)
    assert (await house.job(job_id)).state == State.QUEUED


async def test_a_run_that_is_being_settled_is_not_taken_back(
    house: House, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    settling, go_on = asyncio.Event(), asyncio.Event()
    settle_at_once = Settling.settle

    async def settle_late(self: Settling, context: JobContext, outcome: Outcome) -> str:
        settling.set()
        await go_on.wait()
        return await settle_at_once(self, context, outcome)

    monkeypatch.setattr(Settling, "settle", settle_late)
    job_id = await house.submit()
    look = asyncio.create_task(runner.look(job_id, "gpu"))
    await asyncio.wait_for(settling.wait(), 30)
    await beat(runner)
    go_on.set()
    await look
    job = await house.job(job_id)
    assert (job.state, job.attempt) == (State.SUCCEEDED, 1)


async def test_a_worker_that_was_forgotten_is_entered_again(house: House, runner: Runner) -> None:
    """A machine that slept for days wakes up: the housekeeping may run before the heart beats."""
    async with house.database.transaction() as session:
        await session.execute(delete(WorkerRow))
    await beat(runner)
    async with house.database.transaction() as session:
        assert (await session.scalars(select(WorkerRow.id))).all() == [runner.worker_id]
    job_id = await house.submit()
    await runner.look(job_id, "gpu")
    assert (await house.job(job_id)).state == State.SUCCEEDED


async def test_work_that_is_canceled_from_within_is_a_failed_attempt(
    house: House, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def canceled(*_: Any) -> Outcome:
        raise asyncio.CancelledError

    monkeypatch.setattr(worker.runner, "work", canceled)
    job_id = await house.submit()
    await runner.look(job_id, "gpu")
    job = await house.job(job_id)
    assert job.error is not None
    assert (job.state, job.error["code"]) == (State.WAITING, "internal")


async def test_a_worker_without_room_for_the_input_fails_the_attempt(house: House, runner: Runner) -> None:
    runner.scratch.write_text("where the folder should be")
    job_id = await house.submit()
    await runner.look(job_id, "gpu")
    job = await house.job(job_id)
    assert job.error is not None
    assert (job.state, job.error["code"]) == (State.WAITING, "unavailable")


@pytest.mark.parametrize("said", ["nul \0", "half a pair \ud800"])
async def test_a_failure_is_written_though_its_last_words_cannot_be(
    house: House, runner: Runner, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    async def fail(_: Run, context: JobContext) -> Outcome:
        context.reporter.checkpoint({"text": said})
        return Failure(MediaUnreadableError(said))

    monkeypatch.setattr(worker.runner, "work", fail)
    job_id = await house.submit()
    await runner.look(job_id, "gpu")
    job = await house.job(job_id)
    assert job.error is not None
    assert (job.state, job.error["code"]) == (State.FAILED, "media_unreadable")


async def test_a_fetch_loop_that_begins_anew_gets_no_more_places(
    house: House, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its connection broke and it let go of its looks: the runs go on, and still take their places."""
    runner.settings.worker.concurrency["gpu"] = 1
    began, go_on = asyncio.Event(), asyncio.Event()

    async def wait(*_: Any) -> Outcome:
        began.set()
        await go_on.wait()
        return Failure(MediaUnreadableError("done"))

    monkeypatch.setattr(worker.runner, "work", wait)
    first, second = await house.submit(b"first"), await house.submit(b"second")
    let_go = asyncio.create_task(runner.look(first, "gpu"))
    await asyncio.wait_for(began.wait(), 30)
    let_go.cancel()
    await asyncio.wait([let_go])
    next_look = asyncio.create_task(runner.look(second, "gpu"))
    for _ in range(3):  # More time than a claim would take.
        await beat(runner)
    assert (await house.job(second)).state == State.QUEUED
    go_on.set()
    await next_look
    assert [(await house.job(job_id)).state for job_id in (first, second)] == [State.FAILED, State.FAILED]
