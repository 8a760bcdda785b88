from __future__ import annotations

import asyncio
import os
import signal
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from playhead.database import Database
from playhead.identity import new_id
from playhead.ledger import workers
from worker import presence
from worker.engines import make_engines
from worker.heartbeat import Heartbeat
from worker.main import run
from worker.metrics import Metrics
from worker.runner import Runner

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
        assert await asyncio.wait_for(running, 10) == 0
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().remove_signal_handler(number)
    assert list(house.settings.scratch_location.glob("worker-*")) == []


class Torn(Database):
    """Reports its first cancellation as the loss of the connection that it tears down."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.waiting = asyncio.Event()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
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
    await asyncio.wait([task], timeout=3)
    assert task.cancelled()
    await engines.close()
