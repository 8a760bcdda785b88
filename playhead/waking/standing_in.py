"""Standing in: what workers do for waiting jobs by themselves is done by the API while none lives.

Else a job that comes due at night, a schedule, or what a dead worker held would never wake anybody: it is the workers'
own housekeeping that finds such work.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.asking.requests import Requests
from playhead.cancellation import end_if_canceled
from playhead.database import Database, is_away, now
from playhead.ledger import sweep, workers
from playhead.schedules.firing import fire_due

log = structlog.get_logger(__name__)

Sweep = Callable[[AsyncSession], Awaitable[int]]


@dataclass(frozen=True)
class StandIn:
    """Sweeps for those that sleep."""

    requests: Requests

    async def sweep(self, database: Database) -> None:
        """Unless a worker lives: a batch of each of what makes jobs runnable. The next time goes on."""
        lost_after_seconds = self.requests.settings.worker.lost_after_seconds
        async with database.transaction() as session:
            if await workers.living(session, lost_after_seconds):
                return
        await _sweep(database, "expire", sweep.expire_late)
        await _sweep(database, "rescue", lambda session: sweep.rescue_lost(session, lost_after_seconds))
        await _sweep(database, "due", sweep.queue_due)
        await _sweep(database, "schedules", self._fire)

    async def _fire(self, session: AsyncSession) -> int:
        return await fire_due(session, self.requests, await now(session))


async def _sweep(database: Database, name: str, one_batch: Sweep) -> None:
    """None keeps the others from their turn, nor what is queued already from waking somebody."""
    try:
        async with database.transaction() as session:
            count = await one_batch(session)
    except Exception as error:
        end_if_canceled()
        log.warning("turn_missed", task=name, error=repr(error), exc_info=not is_away(error))
        return
    if count:
        log.info("swept_for_workers", task=name, count=count)
