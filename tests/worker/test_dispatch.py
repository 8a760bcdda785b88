from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest

from worker.dispatch import keep_fetching, make_app
from worker.ticketing import TicketManager

if TYPE_CHECKING:
    from tests.worker.conftest import House


async def test_a_loop_that_lost_its_cancellation_ends_all_the_same(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    register, begun = TicketManager.register_worker, asyncio.Event()

    async def deaf(self: TicketManager) -> int:
        begun.set()
        with contextlib.suppress(asyncio.CancelledError):  # As if a connection broke at the same time.
            await asyncio.Event().wait()
        return await register(self)

    monkeypatch.setattr(TicketManager, "register_worker", deaf)
    app = make_app(house.database.url, application="test", connections=2)
    async with app.open_async():
        fetching = asyncio.create_task(keep_fetching(app, ["io"], 1, 1.0))
        await begun.wait()
        fetching.cancel()
        await asyncio.wait([fetching], timeout=60)
    assert fetching.cancelled()
