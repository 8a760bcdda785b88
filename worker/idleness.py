"""Idleness: a worker that nothing is left for goes home, if it was told to."""

from __future__ import annotations

import asyncio

import structlog

from playhead.cancellation import end_if_canceled
from playhead.database import is_away
from playhead.ledger.queues import has_work
from playhead.registry import kinds
from worker.runner import Runner
from worker.serving import served

log = structlog.get_logger(__name__)


async def until_idle(runner: Runner) -> None:
    """Wait until there has been nothing to do for as long as the settings say; then the runner takes no more.

    For ever, where they say nothing. Housekeeping is no work. A job that is queued for this worker is, though it has
    no ticket: that is on its way, or will be replaced.
    """
    seconds = runner.settings.worker.exit_when_idle_seconds
    if seconds is None:
        await asyncio.Event().wait()
        return
    while True:
        await runner.rest(seconds)
        # Whatever came in hand while the ledger was asked is finished first.
        if not await _is_wanted(runner) and runner.retire():
            log.info("worker_idle", seconds=seconds)
            return


async def _is_wanted(runner: Runner) -> bool:
    """Whether there may be a job for it; while the database is away, nobody knows."""
    wanted = runner.settings.worker
    known = list(kinds()) if wanted.kinds is None else wanted.kinds
    try:
        async with runner.database.transaction() as session:
            return await has_work(session, list(served(wanted)), known)
    except Exception as error:
        end_if_canceled()
        if not is_away(error):
            raise
        return True
