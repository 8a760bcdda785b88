"""The heartbeat: the ledger hears that the worker lives, the worker hears which runs are still its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from pathlib import Path

import structlog

from playhead.cancellation import end_if_canceled
from playhead.database import Database, is_away, now
from playhead.ledger import sweep, workers
from playhead.settings import WorkerSettings
from worker.presence import arrive
from worker.runner import Runner

log = structlog.get_logger(__name__)


def own_connection(url: str, settings: WorkerSettings) -> Database:
    """A connection that only the heart uses, so that it waits for no run.

    On a network that went silent it takes two timeouts to give a connection up. The next beat must still come in time.
    """
    timeout = settings.lost_after_seconds / 4
    return Database(url, pool_size=1, application="playhead-heartbeat", command_timeout_seconds=timeout)


class Heartbeat:
    """Beats for a runner, on time or as soon as something may have happened to one of its jobs.

    It may beat on another event loop than the runner's, in another thread.
    """

    def __init__(self, runner: Runner, database: Database, *, sign_of_life: Path) -> None:
        self._runner = runner
        self._database = database
        self._sign_of_life = sign_of_life
        self._soon = asyncio.Event()
        self._touching: threading.Thread | None = None

    def notice(self, payload: str) -> None:
        """News of a job from the ledger: ``id state``, or only ``id``.

        One of ours that left ``running`` is looked at.
        """
        job_id, _, state = payload.partition(" ")
        if state in {"", "running"}:
            return
        if any(str(active.run.job_id) == job_id for active in self._runner.active.values()):
            self._soon.set()

    def hurry(self) -> None:
        """Beat now: news may have been missed."""
        self._soon.set()

    async def keep_beating(self) -> None:
        """Beat until canceled; the database may be away meanwhile."""
        while True:
            try:
                await self.beat()
            except Exception as error:
                end_if_canceled()
                if not is_away(error):
                    raise
                log.warning("heartbeat_missed", error=repr(error))
            # Not wait_for(): Python 3.11's forgets a cancellation that comes with the news.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._runner.settings.worker.heartbeat_seconds):
                    await self._soon.wait()
            self._soon.clear()

    async def beat(self) -> None:
        """One beat."""
        looked_at = list(self._runner.active.values())
        async with self._database.transaction() as session:
            held = await workers.beat(session, self._runner.worker_id, self._runner.metrics.exposition())
            at = await now(session)
        self._runner.pulse.beat(at)
        if held is None:
            await arrive(self._runner, self._database)
            held = {}
        self._runner.drop_lost(looked_at, held)
        await self._give_up(self._runner.dropped(held))
        self._show_life(time.time())

    def _show_life(self, beat_at: float) -> None:
        """Touch the file, unless that is still under way: a disk may hang, and no beat waits for it."""
        if self._touching is None or not self._touching.is_alive():
            # A daemon: nor does the end of the process.
            self._touching = threading.Thread(target=_touch, args=[self._sign_of_life, beat_at], daemon=True)
            self._touching.start()

    async def _give_up(self, dropped: list[int]) -> None:
        if not dropped:
            return
        async with self._database.transaction() as session:
            count = await sweep.rescue_dropped(session, dropped)
        log.warning("runs_dropped", leases=dropped, taken_back=count)


def _touch(path: Path, beat_at: float) -> None:
    """Let the file be as old as the beat, in seconds since the epoch, however long this takes."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("ab").close()
        os.utime(path, (beat_at, beat_at))
    except OSError as error:
        log.warning("sign_of_life_missed", path=str(path), error=repr(error))
