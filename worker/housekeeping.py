"""Housekeeping: what time does to jobs and bytes, as Procrastinate's periodic tasks.

Each task is idempotent, takes small batches, and may run in every worker at once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import procrastinate
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.database import SWEEP_SECONDS, Database
from playhead.ledger import quarantine, retention, sweep
from playhead.settings import Settings
from playhead.storage import Storage
from worker.orphans import clear_orphans

QUEUE = "housekeeping"
EVERY_SECOND, EVERY_5_SECONDS, EVERY_MINUTE, EVERY_HOUR = "* * * * * *", "* * * * * */5", "* * * * *", "7 * * * *"
log = structlog.get_logger(__name__)

Sweep = Callable[[AsyncSession], Awaitable[int]]


@dataclass(frozen=True)
class Housekeeping:
    """The periodic tasks of one worker process."""

    database: Database
    storage: Storage
    settings: Settings

    def register(self, app: procrastinate.App) -> None:
        """Let the app do all of them, each at its time."""
        lost, kept = self.settings.worker.lost_after_seconds, self.settings.retention
        self._sweeps(app, "due", EVERY_SECOND, sweep.queue_due)
        self._sweeps(app, "expire", EVERY_5_SECONDS, sweep.expire_late)
        self._sweeps(app, "rescue", EVERY_5_SECONDS, lambda session: sweep.rescue_lost(session, lost))
        self._sweeps(app, "reissue", EVERY_5_SECONDS, lambda session: sweep.reissue_stranded(session, lost))
        self._sweeps(app, "reissue_missing", EVERY_MINUTE, sweep.reissue_missing)
        self._sweeps(app, "files", EVERY_MINUTE, retention.drop_expired_files)
        self._sweeps(app, "jobs", EVERY_MINUTE, lambda session: retention.drop_old_jobs(session, kept.jobs_seconds))
        forget = kept.quarantine_seconds
        self._sweeps(app, "quarantine", EVERY_HOUR, lambda session: quarantine.drop_old(session, forget))
        self._sweeps(app, "workers", EVERY_HOUR, retention.drop_old_workers)
        self._periodic(app, "orphans", EVERY_HOUR, self._clear_orphans)

    def _sweeps(self, app: procrastinate.App, name: str, cron: str, one_batch: Sweep) -> None:
        async def until_done() -> None:
            swept = 0
            while found := await self._batch(one_batch):
                swept += found
            if swept:
                log.info("swept", task=name, count=swept)

        self._periodic(app, name, cron, until_done)

    async def _batch(self, one_batch: Sweep) -> int:
        async with self.database.transaction(patience_seconds=SWEEP_SECONDS) as session:
            return await one_batch(session)

    async def _clear_orphans(self) -> None:
        await clear_orphans(self.database, self.storage, self.settings.retention.orphans_seconds)

    @staticmethod
    def _periodic(app: procrastinate.App, name: str, cron: str, work: Callable[[], Awaitable[None]]) -> None:
        full = f"playhead.{name}"

        @app.periodic(cron=cron)
        @app.task(name=full, queue=QUEUE, queueing_lock=full)
        async def on_time(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate gives it
            await work()
