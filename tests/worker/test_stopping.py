from __future__ import annotations

import asyncio
import gc
import os
import signal
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

import worker.claiming
import worker.runner
from playhead.database import Database
from playhead.errors import MediaUnreadableError
from playhead.identity import new_id
from playhead.ledger import workers
from playhead.states import State
from playhead.tickets import LOOK
from worker import dispatch, presence
from worker.engines import make_engines
from worker.heartbeat import Heartbeat
from worker.main import TOLD_TO_STOP, run
from worker.metrics import Metrics
from worker.outcome import Failure, Outcome
from worker.runner import Runner
from worker.ticketing import TicketManager

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.worker.conftest import House


async def test_a_worker_that_still_waits_for_its_database_stops_when_told(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = asyncio.Event()

    async def refuse(*_: object, **__: object) -> None:
        away.set()
        raise ConnectionRefusedError

    monkeypatch.setattr(workers, "arrive", refuse)
    running = asyncio.create_task(run(house.settings))
    await asyncio.wait_for(away.wait(), 30)
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        assert await asyncio.wait_for(running, 30) == 0
    finally:
        for number in TOLD_TO_STOP:
            asyncio.get_running_loop().remove_signal_handler(number)
    assert list(house.settings.scratch_location.glob("worker-*")) == []


async def test_work_that_ignores_its_cancellation_is_given_back_and_left_behind(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, go_on = asyncio.Event(), asyncio.Event()

    async def deaf(*_: Any) -> Outcome:
        began.set()
        while not go_on.is_set():
            with suppress(asyncio.CancelledError):
                await go_on.wait()
        return Failure(MediaUnreadableError("done after all"))

    monkeypatch.setattr(worker.runner, "work", deaf)
    monkeypatch.setattr(worker.runner, "LAST_WORD_SECONDS", 30)  # What it may take to write it; it takes no more.
    hasty = house.settings.worker.model_copy(update={"grace_seconds": 0.5})
    job_id = await house.submit()
    async with house.worker(worker=hasty) as runner:
        await asyncio.wait_for(began.wait(), 30)
        (left_behind,) = runner.active.values()
    job = await house.job(job_id)
    assert (job.state, job.attempt, job.lease) == (State.QUEUED, 0, None)
    go_on.set()
    await left_behind.task
    assert (await house.job(job_id)).state == State.QUEUED


async def test_a_ticket_that_comes_too_late_is_put_back_in_silence(house: House, tmp_path: Path) -> None:
    engines = make_engines(house.settings)
    runner = Runner(new_id(), house.settings, house.database, house.storage, engines, tmp_path, Metrics())
    runner.take_no_more()
    # What procrastinate takes for a failure it logs with a traceback.
    with pytest.raises(asyncio.CancelledError):
        await runner.look(await house.submit(), "gpu")
    await engines.close()


async def test_a_claim_that_is_wanted_no_more_is_given_up_in_silence(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unheard: list[dict[str, Any]]
) -> None:
    """Nobody waited for it any more, and its error was told as nobody's, with a traceback."""
    engines, began, go_on = make_engines(house.settings), asyncio.Event(), asyncio.Event()
    runner = Runner(new_id(), house.settings, house.database, house.storage, engines, tmp_path, Metrics())

    async def lose(*_: Any) -> None:
        began.set()
        await go_on.wait()
        raise ConnectionResetError

    monkeypatch.setattr(worker.claiming, "claim", lose)
    waiting = asyncio.create_task(runner.look(await house.submit(), "gpu"))
    await asyncio.wait_for(began.wait(), 30)
    runner.take_no_more()
    waiting.cancel()
    await asyncio.wait([waiting])
    del waiting  # It holds on to what it waited for.
    go_on.set()
    await runner.stop()
    gc.collect()
    assert unheard == []
    await engines.close()


class Torn(Database):
    """Reports its first cancellation as the loss of the connection that it tears down."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.waiting = asyncio.Event()

    @asynccontextmanager
    async def transaction(self, *, patience_seconds: float = 60) -> AsyncIterator[Any]:  # noqa: ARG002 - it waits
        first = not self.waiting.is_set()
        self.waiting.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if first:
                raise ConnectionResetError from None
            raise
        yield


@pytest.mark.parametrize("loop", ["heart", "arrival"])
async def test_a_loop_ends_though_its_cancellation_was_lost(house: House, tmp_path: Path, loop: str) -> None:
    engines, database = make_engines(house.settings), Torn(house.database.url)
    runner = Runner(new_id(), house.settings, database, house.storage, engines, tmp_path, Metrics())
    heartbeat = Heartbeat(runner, database, sign_of_life=tmp_path / "alive")
    task = asyncio.create_task(heartbeat.keep_beating() if loop == "heart" else presence.arrive(runner))
    await database.waiting.wait()
    task.cancel()
    await asyncio.wait([task], timeout=30)
    assert task.cancelled()
    await engines.close()


@pytest.mark.parametrize("turns", range(4))
async def test_a_heart_ends_though_news_come_with_its_cancellation(house: House, tmp_path: Path, turns: int) -> None:
    """It would beat on after its worker has left, and make that look alive."""
    engines, beaten = make_engines(house.settings), asyncio.Event()
    runner = Runner(new_id(), house.settings, house.database, house.storage, engines, tmp_path, Metrics())

    class Steady(Heartbeat):
        async def beat(self) -> None:
            beaten.set()

    heartbeat = Steady(runner, house.database, sign_of_life=tmp_path / "alive")
    beating = asyncio.create_task(heartbeat.keep_beating())
    await beaten.wait()
    for _ in range(3):  # It waits for news by then.
        await asyncio.sleep(0)
    heartbeat.hurry()
    for _ in range(turns):
        await asyncio.sleep(0)
    beating.cancel()
    await asyncio.wait([beating], timeout=30)
    assert beating.cancelled()
    await engines.close()


@pytest.fixture
async def unheard() -> AsyncIterator[list[dict[str, Any]]]:
    """What the event loop complains of: exceptions that nobody asked for."""
    complaints: list[dict[str, Any]] = []
    gc.collect()  # What earlier tests left behind is told now, to nobody.
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    yield complaints
    loop.set_exception_handler(None)


@pytest.mark.usefixtures("unhurried")
async def test_a_loop_waits_for_its_looks_and_its_listener(
    house: House, monkeypatch: pytest.MonkeyPatch, unheard: list[dict[str, Any]]
) -> None:
    listen = TicketManager.listen_for_jobs

    async def reluctant(self: TicketManager, **about: Any) -> None:
        try:
            await listen(self, **about)
        finally:
            for _ in range(3):  # As one whose connection is silent.
                with suppress(asyncio.CancelledError):
                    await asyncio.sleep(0.1)

    monkeypatch.setattr(TicketManager, "listen_for_jobs", reluctant)
    monkeypatch.setattr(dispatch, "PAUSE_SECONDS", 0.02)
    job_id = await house.submit()
    with capture_logs() as logged:
        async with house.worker(**house.slow(60)):
            await house.until(job_id, lambda job: job.state == State.RUNNING)
        gc.collect()

    assert unheard == []
    assert [line for line in logged if line["log_level"] == "warning"] == []
    assert (await house.job(job_id)).state == State.QUEUED
    async with house.database.transaction() as session:
        tickets = "SELECT CAST(status AS text) FROM procrastinate_jobs WHERE task_name = :look"
        assert set((await session.scalars(text(tickets), {"look": LOOK})).all()) == {"todo"}
