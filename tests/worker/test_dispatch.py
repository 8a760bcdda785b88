import asyncio
from typing import Any, cast

import procrastinate
from procrastinate.exceptions import ConnectorException

from worker.dispatch import keep_fetching


class AwayAtTheEnd:
    """An app whose loop, when canceled, fails to sign off: its database is away."""

    def __init__(self) -> None:
        self.running = asyncio.Event()

    async def run_worker_async(self, **_: Any) -> None:
        self.running.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ConnectorException from None


async def test_a_fetch_loop_ends_when_it_is_told_to_though_the_database_is_away() -> None:
    app = AwayAtTheEnd()
    loop = asyncio.create_task(keep_fetching(cast("procrastinate.App", app), ["gpu"], 1, 1.0))
    await app.running.wait()
    loop.cancel()
    await asyncio.wait({loop}, timeout=10)
    assert loop.cancelled()
