"""Housekeeping: what time does to jobs and bytes, as Procrastinate's periodic tasks.

Each task is idempotent, takes small batches, and may run in every worker at once. None keeps another from its turn:
each gives up what takes too long, and ends well though it failed, as the next turn tries again.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Awaitable, Callable, Mapping
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
from playhead.schedules.system import TASKS, Beat
from playhead.settings import Settings
from playhead.storage import Storage
from playhead.turns import Turn, Turns
from worker.orphans import clear_orphans

QUEUE = "turns"
"""Older versions have other tickets, one for each task, in a queue of another name."""
PLACES = 24
"""Tickets that may be under way at once: one with each task that hangs, and another for those that do not."""
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
        """Let the app take the turns of all tasks, each at its time."""
        for beat in Beat:
            _periodic(app, beat, Turns({name: turn for name, turn in self.turns.items() if TASKS[name].beat is beat}))

    @cached_property
    def turns(self) -> Mapping[str, Turn]:
        """A turn of each, by its name in :data:`playhead.schedules.system.TASKS`."""
        lost, kept = self.settings.worker.lost_after_seconds, self.settings.retention
        sweeps: dict[str, Sweep] = {
            "due": sweep.queue_due,
            "expire": sweep.expire_late,
            "frozen": lambda session: frozen.end_frozen(session, frozen.AFTER_SECONDS),
            "rescue": self._rescue,
            "share": landing.land_left,
            "reissue": lambda session: sweep.reissue_stranded(session, lost),
            "reissue_missing": sweep.reissue_missing,
        }
        tidyings: dict[str, Sweep] = {
            "files": retention.drop_expired_files,
            "jobs": lambda session: retention.drop_old_jobs(session, kept.jobs_seconds),
            "batches": lambda session: retention.drop_old_batches(session, kept.jobs_seconds),
            "runs": lambda session: drop_old_runs(session, kept.jobs_seconds),
            "quarantine": lambda session: quarantine.drop_old(session, kept.quarantine_seconds),
            "workers": retention.drop_old_workers,
        }
        programs = Programs(self.database, self.storage, self.settings, lambda: self._requests)
        return {
            **{name: self._swept(name, one_batch) for name, one_batch in sweeps.items()},
            **{name: self._tidied(name, one_batch) for name, one_batch in tidyings.items()},
            "orphans": self._clear_orphans,
            **programs.their_turns(),
        }

    def _swept(self, name: str, one_batch: Sweep) -> Turn:
        """Of what jobs wait for."""
        return self._batches(name, one_batch, turns.TURN_SECONDS, contextlib.nullcontext())

    def _tidied(self, name: str, one_batch: Sweep) -> Turn:
        """Of what nobody waits for. It may touch many rows, but takes few of the connections."""
        return self._batches(name, one_batch, SWEEP_SECONDS, self._tidying)

    def _batches(self, name: str, one_batch: Sweep, patience_seconds: float, place: Place) -> Turn:
        async def batch() -> int:
            async with place, self.database.transaction(patience_seconds=patience_seconds) as session:
                return await one_batch(session)

        return functools.partial(turns.until_done, name, batch)

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


def _periodic(app: procrastinate.App, beat: Beat, turns_of_beat: Turns) -> None:
    @app.periodic(cron=_seconds_last(beat.value))
    @app.task(name=beat.task_name, queue=QUEUE, queueing_lock=beat.task_name)
    async def on_time(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate gives it
        # Even when canceled it waits for all: those that end later would find their connections closed.
        await asyncio.gather(*turns_of_beat.begin(), return_exceptions=True)


def _seconds_last(cron: str) -> str:
    """As Procrastinate has it."""
    fields = cron.split()
    return " ".join([*fields[-5:], *fields[:-5]])
