"""Housekeeping: what time does to jobs and bytes, as Procrastinate's periodic tasks.

Each task is idempotent, takes small batches, and may run in every worker at once. None keeps another from its turn:
each has a place of its own, gives up what takes too long, and ends well though it failed, as the next turn tries again.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import procrastinate
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.database import SWEEP_SECONDS, Database, is_away
from playhead.errors import PlayheadError
from playhead.ledger import quarantine, retention, sweep, workers
from playhead.ledger.frozen import end_frozen
from playhead.settings import Settings
from playhead.storage import Storage
from worker.orphans import clear_orphans
from worker.pulse import Pulse

QUEUE = "housekeeping"
EVERY_SECOND, EVERY_5_SECONDS, EVERY_15_SECONDS = "* * * * * *", "* * * * * */5", "* * * * * */15"
EVERY_MINUTE, EVERY_HOUR = "* * * * *", "7 * * * *"
PLACES = 16
"""Turns that may be under way at once: more than there are tasks."""
TURN_SECONDS = 10.0
"""No batch is begun later than this into a turn; one that jobs wait for may take no longer either."""
TIDYING_AT_ONCE = 2
FROZEN_SECONDS = 10.0
ORPHANS_SECONDS = 3600.0
log = structlog.get_logger(__name__)

Work = Callable[[], Awaitable[None]]
Sweep = Callable[[AsyncSession], Awaitable[int]]
Place = contextlib.AbstractAsyncContextManager[None]


@dataclass(frozen=True)
class Housekeeping:
    """The periodic tasks of one worker process."""

    database: Database
    storage: Storage
    settings: Settings
    pulse: Pulse
    _tidying: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(TIDYING_AT_ONCE))

    def register(self, app: procrastinate.App) -> None:
        """Let the app do all of them, each at its time."""
        lost, kept = self.settings.worker.lost_after_seconds, self.settings.retention
        self._sweeps(app, "due", EVERY_SECOND, sweep.queue_due)
        self._sweeps(app, "expire", EVERY_5_SECONDS, sweep.expire_late)
        self._sweeps(app, "frozen", EVERY_5_SECONDS, lambda session: end_frozen(session, FROZEN_SECONDS))
        self._sweeps(app, "rescue", EVERY_SECOND, self._rescue)
        self._sweeps(app, "reissue", EVERY_5_SECONDS, lambda session: sweep.reissue_stranded(session, lost))
        self._sweeps(app, "reissue_missing", EVERY_15_SECONDS, sweep.reissue_missing)
        self._tidies(app, "files", EVERY_MINUTE, retention.drop_expired_files)
        self._tidies(app, "jobs", EVERY_MINUTE, lambda session: retention.drop_old_jobs(session, kept.jobs_seconds))
        self._tidies(
            app, "batches", EVERY_MINUTE, lambda session: retention.drop_old_batches(session, kept.jobs_seconds)
        )
        forget = kept.quarantine_seconds
        self._tidies(app, "quarantine", EVERY_HOUR, lambda session: quarantine.drop_old(session, forget))
        self._tidies(app, "workers", EVERY_HOUR, retention.drop_old_workers)
        _periodic(app, "orphans", EVERY_HOUR, self._clear_orphans)

    def _sweeps(self, app: procrastinate.App, name: str, cron: str, one_batch: Sweep) -> None:
        """Do at these times what jobs wait for."""
        self._batches(app, name, cron, one_batch, TURN_SECONDS, contextlib.nullcontext())

    def _tidies(self, app: procrastinate.App, name: str, cron: str, one_batch: Sweep) -> None:
        """Do at these times what nobody waits for. It may touch many rows, but takes few of the connections."""
        self._batches(app, name, cron, one_batch, SWEEP_SECONDS, self._tidying)

    def _batches(
        self, app: procrastinate.App, name: str, cron: str, one_batch: Sweep, patience_seconds: float, place: Place
    ) -> None:
        async def batch() -> int:
            async with place, self.database.transaction(patience_seconds=patience_seconds) as session:
                return await one_batch(session)

        _periodic(app, name, cron, lambda: _until_done(name, batch))

    async def _rescue(self, session: AsyncSession) -> int:
        steady = self.pulse.is_steady(await workers.now(session))
        return await sweep.rescue_lost(session, self.settings.worker.lost_after_seconds if steady else None)

    async def _clear_orphans(self) -> None:
        async with asyncio.timeout(ORPHANS_SECONDS):
            await clear_orphans(self.database, self.storage, self.settings.retention.orphans_seconds)


async def _until_done(name: str, batch: Callable[[], Awaitable[int]]) -> None:
    """Take batches until nothing is left or the turn is over: the next goes on."""
    swept, end = 0, time.monotonic() + TURN_SECONDS
    try:
        while time.monotonic() < end and (found := await batch()):
            swept += found
    finally:
        if swept:
            log.info("swept", task=name, count=swept)


def _periodic(app: procrastinate.App, name: str, cron: str, work: Work) -> None:
    full, under_way = f"playhead.{name}", asyncio.Lock()

    @app.periodic(cron=cron)
    @app.task(name=full, queue=QUEUE, queueing_lock=full)
    async def on_time(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate gives it
        if under_way.locked():
            return  # The turns of a task that is stuck would take the places of all others.
        async with under_way:
            await _take_turn(name, work)


async def _take_turn(name: str, work: Work) -> None:
    try:
        await work()
    except Exception as error:
        if is_away(error) or (isinstance(error, PlayheadError) and error.transient):
            log.warning("turn_missed", task=name, error=repr(error))
        else:
            log.exception("turn_broke", task=name)
