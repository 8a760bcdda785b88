from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

from playhead.ledger import workers
from worker.main import run

if TYPE_CHECKING:
    import pytest

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
