"""Standing in: what workers do for waiting jobs by themselves is done by the API while none lives.

Else a job that comes due at night, a schedule, a digest, or what a dead worker held would never wake anybody: it is the
workers' own housekeeping that finds such work. So it is with an entry of an adventure whose last worker went home, or
died, before it was written down.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from types import MappingProxyType

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.asking.requests import Requests
from playhead.cancellation import end_if_canceled
from playhead.database import Database, is_away, now
from playhead.ledger import sweep, workers
from playhead.podcasts.issuing import issue_due
from playhead.podcasts.turns import deliver, work_on_episodes
from playhead.schedules.firing import fire_due
from playhead.storage import Storage
from playhead.stories.reconciling import Reconciler

log = structlog.get_logger(__name__)

STORAGE_SECONDS = 5.0
"""For what has to be read from the storage: one that is slow must not keep anybody asleep."""

Sweep = Callable[[AsyncSession], Awaitable[int]]
Step = Callable[[AsyncSession, Requests, datetime], Awaitable[int]]
PROGRAMS: Mapping[str, Step] = MappingProxyType(
    {"schedules": fire_due, "episodes": work_on_episodes, "digests": issue_due, "deliveries": deliver}
)


@dataclass(frozen=True)
class StandIn:
    """Sweeps for those that sleep."""

    requests: Requests
    storage: Storage

    async def sweep(self, database: Database) -> None:
        """Unless a worker lives: a batch of each of what makes jobs runnable. The next time goes on."""
        lost_after_seconds = self.requests.settings.worker.lost_after_seconds
        async with database.transaction() as session:
            if await workers.living(session, lost_after_seconds):
                return
        await _sweep(database, "expire", sweep.expire_late)
        await _sweep(database, "rescue", lambda session: sweep.rescue_lost(session, lost_after_seconds))
        await _sweep(database, "due", sweep.queue_due)
        for name, step in PROGRAMS.items():
            await _sweep(database, name, partial(self._go_on, step))
        await _take_turn("stories", partial(self._write_down, database))

    async def _go_on(self, step: Step, session: AsyncSession) -> int:
        return await step(session, self.requests, await now(session))

    async def _write_down(self, database: Database) -> int:
        async with asyncio.timeout(STORAGE_SECONDS):
            return await Reconciler(database, self.storage).advance()


async def _sweep(database: Database, name: str, one_batch: Sweep) -> None:
    async def batch() -> int:
        async with database.transaction() as session:
            return await one_batch(session)

    await _take_turn(name, batch)


async def _take_turn(name: str, batch: Callable[[], Awaitable[int]]) -> None:
    """None keeps the others from their turn, nor what is queued already from waking somebody."""
    try:
        count = await batch()
    except Exception as error:
        end_if_canceled()
        log.warning("turn_missed", task=name, error=repr(error), exc_info=not is_away(error))
        return
    if count:
        log.info("swept_for_workers", task=name, count=count)
