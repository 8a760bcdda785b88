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
from datetime import datetime
from functools import cached_property

import procrastinate
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.asking.requests import Requests, RequestTypes
from playhead.database import SWEEP_SECONDS, Database, is_away, now
from playhead.errors import PlayheadError
from playhead.ledger import quarantine, retention, sweep
from playhead.ledger.frozen import end_frozen
from playhead.podcasts.issuing import issue_due
from playhead.podcasts.polling import Polling
from playhead.podcasts.turns import deliver, work_on_episodes
from playhead.pulse import Pulse
from playhead.registry import kinds
from playhead.schedules import firing
from playhead.schedules.keeping import drop_old_runs
from playhead.schedules.system import PREFIX, TASKS
from playhead.settings import Settings
from playhead.storage import Storage
from playhead.stories.reconciling import Reconciler
from worker.orphans import clear_orphans

QUEUE = "housekeeping"
PLACES = 24
"""Turns that may be under way at once: more than there are tasks."""
TURN_SECONDS = 10.0
"""No batch is begun later than this into a turn; one that jobs wait for may take no longer either."""
TIDYING_AT_ONCE = 2
FROZEN_SECONDS = 10.0
ORPHANS_SECONDS = 3600.0
log = structlog.get_logger(__name__)

Work = Callable[[], Awaitable[None]]
Sweep = Callable[[AsyncSession], Awaitable[int]]
Step = Callable[[AsyncSession, Requests, datetime], Awaitable[int]]
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
        """Let the app do all of them, each at the time that :data:`playhead.schedules.system.TASKS` has for it."""
        lost, kept = self.settings.worker.lost_after_seconds, self.settings.retention
        self._sweeps(app, "due", sweep.queue_due)
        self._programs(app, "schedules", firing.fire_due, firing.PATIENCE_SECONDS)
        self._programs(app, "episodes", work_on_episodes)
        self._programs(app, "deliveries", deliver)
        self._programs(app, "digests", issue_due)
        self._sweeps(app, "expire", sweep.expire_late)
        self._sweeps(app, "frozen", lambda session: end_frozen(session, FROZEN_SECONDS))
        self._sweeps(app, "rescue", self._rescue)
        self._sweeps(app, "reissue", lambda session: sweep.reissue_stranded(session, lost))
        self._sweeps(app, "reissue_missing", sweep.reissue_missing)
        self._tidies(app, "files", retention.drop_expired_files)
        self._tidies(app, "jobs", lambda session: retention.drop_old_jobs(session, kept.jobs_seconds))
        self._tidies(app, "batches", lambda session: retention.drop_old_batches(session, kept.jobs_seconds))
        self._tidies(app, "runs", lambda session: drop_old_runs(session, kept.jobs_seconds))
        self._tidies(app, "quarantine", lambda session: quarantine.drop_old(session, kept.quarantine_seconds))
        self._tidies(app, "workers", retention.drop_old_workers)
        _periodic(app, "feeds", Polling(self.database, self.settings).poll_due)
        _periodic(app, "orphans", self._clear_orphans)
        reconciler = Reconciler(self.database, self.storage)
        _periodic(app, "stories", lambda: _until_done("stories", reconciler.advance))

    def _sweeps(self, app: procrastinate.App, name: str, one_batch: Sweep) -> None:
        """Do what jobs wait for."""
        self._batches(app, name, one_batch, TURN_SECONDS, contextlib.nullcontext())

    def _programs(self, app: procrastinate.App, name: str, step: Step, patience_seconds: float = TURN_SECONDS) -> None:
        """Go on with what is built from jobs."""

        async def one_batch(session: AsyncSession) -> int:
            return await step(session, self._requests, await now(session))

        self._batches(app, name, one_batch, patience_seconds, contextlib.nullcontext())

    def _tidies(self, app: procrastinate.App, name: str, one_batch: Sweep) -> None:
        """Do what nobody waits for. It may touch many rows, but takes few of the connections."""
        self._batches(app, name, one_batch, SWEEP_SECONDS, self._tidying)

    def _batches(
        self, app: procrastinate.App, name: str, one_batch: Sweep, patience_seconds: float, place: Place
    ) -> None:
        async def batch() -> int:
            async with place, self.database.transaction(patience_seconds=patience_seconds) as session:
                return await one_batch(session)

        _periodic(app, name, lambda: _until_done(name, batch))

    async def _rescue(self, session: AsyncSession) -> int:
        steady, worker = self.pulse.is_steady(await now(session)), self.settings.worker
        lost = await sweep.rescue_lost(session, worker.lost_after_seconds if steady else None)
        # After an outage there are ends that could not be written yet: whoever had one is given its time, too.
        return lost + (await sweep.rescue_overdue(session, worker.grace_seconds) if steady else 0)

    @cached_property
    def _requests(self) -> Requests:
        return Requests(RequestTypes.of(kinds()), self.settings)

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


def _periodic(app: procrastinate.App, name: str, work: Work) -> None:
    full, under_way = f"{PREFIX}{name}", asyncio.Lock()

    @app.periodic(cron=_seconds_last(TASKS[name].cron))
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


def _seconds_last(cron: str) -> str:
    """As Procrastinate has it."""
    fields = cron.split()
    return " ".join([*fields[-5:], *fields[:-5]])
