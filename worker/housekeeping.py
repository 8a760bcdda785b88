"""Housekeeping: what time does to jobs and bytes, as Procrastinate's periodic tasks.

Each task is idempotent, takes small batches, and may run in every worker at once. None keeps another from its turn:
each has a place of its own, gives up what takes too long, and ends well though it failed, as the next turn tries again.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cached_property

import procrastinate
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from playhead import turns
from playhead.asking.requests import Requests, RequestTypes
from playhead.database import SWEEP_SECONDS, Database, now
from playhead.ledger import frozen, quarantine, retention, sweep
from playhead.ledger.sharing import landing
from playhead.programs import Programs
from playhead.pulse import Pulse
from playhead.registry import kinds
from playhead.schedules.keeping import drop_old_runs
from playhead.schedules.system import PREFIX, TASKS
from playhead.settings import Settings
from playhead.storage import Storage
from playhead.turns import Turn
from worker.orphans import clear_orphans

QUEUE = "housekeeping"
PLACES = 24
"""Turns that may be under way at once: more than there are tasks."""
TIDYING_AT_ONCE = 2
ORPHANS_SECONDS = 3600.0
log = structlog.get_logger(__name__)

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
        """Let the app do all of them, each at the time that :data:`playhead.schedules.system.TASKS` has for it."""
        lost, kept = self.settings.worker.lost_after_seconds, self.settings.retention
        self._sweeps(app, "due", sweep.queue_due)
        self._sweeps(app, "expire", sweep.expire_late)
        self._sweeps(app, "frozen", lambda session: frozen.end_frozen(session, frozen.AFTER_SECONDS))
        self._sweeps(app, "rescue", self._rescue)
        self._sweeps(app, "share", landing.land_left)
        self._sweeps(app, "reissue", lambda session: sweep.reissue_stranded(session, lost))
        self._sweeps(app, "reissue_missing", sweep.reissue_missing)
        self._tidies(app, "files", retention.drop_expired_files)
        self._tidies(app, "jobs", lambda session: retention.drop_old_jobs(session, kept.jobs_seconds))
        self._tidies(app, "batches", lambda session: retention.drop_old_batches(session, kept.jobs_seconds))
        self._tidies(app, "runs", lambda session: drop_old_runs(session, kept.jobs_seconds))
        self._tidies(app, "quarantine", lambda session: quarantine.drop_old(session, kept.quarantine_seconds))
        self._tidies(app, "workers", retention.drop_old_workers)
        _periodic(app, "orphans", self._clear_orphans)
        programs = Programs(self.database, self.storage, self.settings, lambda: self._requests)
        for name, turn in programs.their_turns().items():
            _periodic(app, name, turn)

    def _sweeps(self, app: procrastinate.App, name: str, one_batch: Sweep) -> None:
        """Do what jobs wait for."""
        self._batches(app, name, one_batch, turns.TURN_SECONDS, contextlib.nullcontext())

    def _tidies(self, app: procrastinate.App, name: str, one_batch: Sweep) -> None:
        """Do what nobody waits for. It may touch many rows, but takes few of the connections."""
        self._batches(app, name, one_batch, SWEEP_SECONDS, self._tidying)

    def _batches(
        self, app: procrastinate.App, name: str, one_batch: Sweep, patience_seconds: float, place: Place
    ) -> None:
        async def batch() -> int:
            async with place, self.database.transaction(patience_seconds=patience_seconds) as session:
                return await one_batch(session)

        _periodic(app, name, functools.partial(turns.until_done, name, batch))

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


def _periodic(app: procrastinate.App, name: str, turn: Turn) -> None:
    full, under_way = f"{PREFIX}{name}", asyncio.Lock()

    @app.periodic(cron=_seconds_last(TASKS[name].cron))
    @app.task(name=full, queue=QUEUE, queueing_lock=full)
    async def on_time(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate gives it
        if under_way.locked():
            return  # The turns of a task that is stuck would take the places of all others.
        async with under_way:
            await turns.take(name, turn)


def _seconds_last(cron: str) -> str:
    """As Procrastinate has it."""
    fields = cron.split()
    return " ".join([*fields[-5:], *fields[:-5]])
