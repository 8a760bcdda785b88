"""The heart beats in a thread of its own: over a run that keeps the event loop to itself, and not over a dead one."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

import worker.runner
from playhead.errors import MediaUnreadableError
from playhead.identity import new_id
from playhead.ledger import workers
from playhead.states import State
from worker import heartbeat
from worker.engines import make_engines
from worker.heart import keep_alive
from worker.heartbeat import Heartbeat
from worker.metrics import Metrics
from worker.outcome import Failure, Outcome
from worker.presence import arrive
from worker.runner import Runner
from worker.stall import Watch, stacks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.worker.conftest import House

BEATS = "SELECT heartbeat_at FROM workers"


@asynccontextmanager
async def body(house: House, **changes: Any) -> AsyncIterator[Runner]:
    """A worker without its loops: what a heart beats in."""
    settings = house.settings.model_copy(deep=True)
    for name, value in changes.items():
        setattr(settings.worker, name, value)
    engines = make_engines(settings)
    made = Runner(new_id(), settings, house.database, house.storage, engines, settings.scratch_location, Metrics())
    await arrive(made)
    yield made
    await engines.close()


@asynccontextmanager
async def heart(runner: Runner) -> AsyncIterator[asyncio.Task[None]]:
    beating = asyncio.create_task(keep_alive(runner))
    yield beating
    beating.cancel()
    await asyncio.wait([beating])


def until_it_beat(url: str, times: int, seconds: float = 30) -> None:
    """Block this thread, and so its event loop, until the ledger has heard so many beats."""
    end = time.monotonic() + seconds
    with psycopg.connect(url, autocommit=True) as connection:
        heard: set[Any] = set()
        while len(heard) < times:
            assert time.monotonic() < end, "the heart does not beat while the loop is blocked"
            heard.add(connection.execute(BEATS).fetchone())
            time.sleep(0.02)


async def test_the_heart_beats_while_a_run_blocks_the_event_loop(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def block(*_: Any) -> Outcome:
        until_it_beat(house.database.url, 4)
        return Failure(MediaUnreadableError("done"))

    monkeypatch.setattr(worker.runner, "work", block)
    job_id = await house.submit()
    async with body(house, heartbeat_seconds=0.1) as runner, heart(runner):
        await runner.look(job_id, "gpu")
    job = await house.job(job_id)
    assert (job.state, job.attempt) == (State.FAILED, 1)


async def test_a_disk_that_hangs_does_not_hold_the_heart_up(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touches: list[Path] = []
    go_on = threading.Event()

    def hang(path: Path, _: float) -> None:
        touches.append(path)
        go_on.wait()

    monkeypatch.setattr(heartbeat, "_touch", hang)
    async with body(house) as runner:
        beating = Heartbeat(runner, house.database, sign_of_life=tmp_path / "alive")
        try:
            async with asyncio.timeout(30):
                for _ in range(3):
                    await beating.beat()
        finally:
            go_on.set()
    assert touches == [tmp_path / "alive"]


async def test_a_disk_that_hung_does_not_make_the_sign_of_life_younger_than_its_beat(tmp_path: Path) -> None:
    sign = tmp_path / "there" / "alive"
    for beat_at in (1000.0, 2000.0):
        heartbeat._touch(sign, beat_at)
        assert sign.stat().st_mtime == beat_at


async def test_what_breaks_the_heart_is_told(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any) -> None:
        message = "a bug"
        raise ValueError(message)

    monkeypatch.setattr(workers, "beat", broken)
    async with body(house) as runner:
        with pytest.raises(ExceptionGroup) as told:
            await asyncio.wait_for(keep_alive(runner), 30)
    assert told.group_contains(ValueError, match="a bug")


async def test_a_canceled_heart_has_stopped_when_it_ends(house: House) -> None:
    async with body(house, heartbeat_seconds=0.05) as runner:
        async with heart(runner):
            await asyncio.to_thread(until_it_beat, house.database.url, 2)
        for thread in threading.enumerate():
            if thread.name == "heart":  # On its way out.
                await asyncio.to_thread(thread.join, 30)
                assert not thread.is_alive()


@pytest.fixture
def hanging() -> Iterator[tuple[asyncio.AbstractEventLoop, threading.Event]]:
    """An event loop in another thread that hangs until it is let go, and then answers."""
    loop, hangs, go_on = asyncio.new_event_loop(), threading.Event(), threading.Event()

    def hang() -> None:
        hangs.set()
        go_on.wait()

    loop.call_soon(hang)
    thread = threading.Thread(target=loop.run_forever, name="hanging")
    thread.start()
    hangs.wait(30)
    yield loop, go_on
    go_on.set()
    loop.call_soon_threadsafe(loop.stop)
    thread.join(30)
    loop.close()


async def test_a_loop_that_does_not_answer_is_found_out(
    hanging: tuple[asyncio.AbstractEventLoop, threading.Event],
) -> None:
    loop, _ = hanging
    await asyncio.wait_for(Watch(loop, stall_seconds=0.2).until_stalled(), 30)


async def test_a_loop_that_answers_is_left_alone() -> None:
    watching = asyncio.create_task(Watch(asyncio.get_running_loop(), stall_seconds=0.05).until_stalled())
    await asyncio.wait([watching], timeout=0.5)
    assert not watching.done()
    watching.cancel()


@pytest.mark.usefixtures("hanging")
def test_the_stacks_say_where_each_thread_is() -> None:
    ours = stacks()
    (place,) = [frames for name, frames in ours.items() if name.startswith("hanging ")]
    assert any(frame.endswith(" hang") for frame in place)
    (here,) = [frames for name, frames in ours.items() if name.startswith("MainThread ")]
    assert any(frame.endswith("test_the_stacks_say_where_each_thread_is") for frame in here)
