"""A worker whose connections are cut, again and again, while its places are taken."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sqlalchemy import text

from playhead.states import State
from tests.worker.conftest import house

if TYPE_CHECKING:
    from tests.worker.conftest import House

__all__ = ["house"]  # the fixture


async def column(house: House, query: str) -> list[str]:
    async with house.database.transaction() as session:
        return [str(value) for value in await session.scalars(text(query))]


async def all_listen(house: House) -> None:
    """The fetch loop, the housekeeping, the heart and the test. PostgreSQL tells nobody: it has to be asked."""
    listening = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query ILIKE 'listen %'"
    async with asyncio.timeout(30):
        while len(await column(house, listening)) < 4:  # noqa: ASYNC110 - as said
            await asyncio.sleep(0.05)


async def test_loops_outlive_their_connections_and_hide_no_ticket(house: House) -> None:
    """Loops began anew and had all their places again: they fetched what only others could have run."""
    settings = house.settings.worker.model_copy(update={"concurrency": {"gpu": 1}, "queues": ["gpu"]})
    async with house.worker(worker=settings, **house.slow(3600)) as runner:
        first = await house.submit(b"first")
        await house.until(first, lambda job: job.state == State.RUNNING)
        loops = await column(house, "SELECT id FROM procrastinate_workers ORDER BY id")
        for number in range(3):
            await house.kill_backends()
            await all_listen(house)
            await house.submit(f"waits {number}".encode())
        assert await column(house, "SELECT id FROM procrastinate_workers ORDER BY id") == loops
        tickets = "SELECT status FROM procrastinate_jobs WHERE task_name = 'playhead.look' ORDER BY id"
        assert await column(house, tickets) == ["doing", "todo", "todo", "todo"]
        assert [active.run.job_id for active in runner.active.values()] == [first]
