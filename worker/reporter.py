"""What a run has to say, gathered and written at most twice a second."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from playhead.database import Database, is_away
from playhead.ledger.report import Said, count_events, report
from playhead.ledger.run import Run

INTERVAL_SECONDS = 0.5
log = structlog.get_logger(__name__)


class Reporter:
    """Writes a run's progress, events and checkpoints, each batch in one fenced transaction.

    What is said without a pause in between is written together or not at all. While the database is away the work
    goes on, and what it has to say is kept until it can be written.
    """

    def __init__(self, database: Database, run: Run) -> None:
        self._database = database
        self._run = run
        self._unsaid = Said()
        self._writing = asyncio.Lock()
        self._told = 0
        self._unsure = False
        self._refused: Exception | None = None

    def progress(self, fraction: float, stage: str | None, eta_seconds: float | None) -> None:
        """How far the run is; only the last word counts."""
        self._unsaid.progress = (fraction, stage, eta_seconds)

    def event(self, name: str, items: list[dict[str, Any]]) -> None:
        """Events for the history, in their order."""
        self._unsaid.events.append((name, items))

    def checkpoint(self, state: dict[str, Any]) -> None:
        """What a later attempt goes on from; written with the events that came before it, or after them."""
        self._unsaid.checkpoint = state

    @contextlib.contextmanager
    def at_work(self, refused: Callable[[asyncio.Task[None]], None]) -> Iterator[None]:
        """Write what gathers while the block lasts; ``refused`` is called when that ends, with an error before it does.

        Most work is over before there is anything to write: the task is made after a while.
        """
        writing: list[asyncio.Task[None]] = []

        def begin() -> None:
            writing.append(asyncio.create_task(self.keep_writing(), name=f"reports {self._run.lease}"))
            writing[0].add_done_callback(refused)

        begun = asyncio.get_running_loop().call_later(INTERVAL_SECONDS, begin)
        try:
            yield
        finally:
            begun.cancel()
            for task in writing:
                task.cancel()

    async def keep_writing(self) -> None:
        """Write what gathers until canceled.

        Raises:
            LeaseLostError: another has the job.
        """
        while True:
            await self._flushed()
            await asyncio.sleep(INTERVAL_SECONDS)

    async def say_all(self) -> None:
        """Return once all that was said so far is written, however long the database is away.

        Raises:
            LeaseLostError: another has the job.
        """
        while not await self._flushed():  # noqa: ASYNC110 - nothing tells when a database is back
            await asyncio.sleep(INTERVAL_SECONDS)

    async def _flushed(self) -> bool:
        """Try to write all that is unsaid; False while the database is away."""
        # Shielded: a write cut off in the middle is neither written nor kept. Who flushes next waits for it.
        writing = asyncio.create_task(self.flush(), name=f"flush {self._run.lease}")
        writing.add_done_callback(_hear)
        try:
            await asyncio.shield(writing)
        except Exception as error:
            if not is_away(error):
                raise
            log.warning("report_postponed", error=repr(error))
            return False
        return True

    async def flush(self) -> None:
        """Write all that is unsaid; keeps it for the next time if the database is away, and raises.

        Once something was refused, nothing more is written: a checkpoint counts on all that was told before it.

        Raises:
            LeaseLostError: another has the job.
        """
        async with self._writing:
            if self._refused:
                raise self._refused
            saying, self._unsaid = self._unsaid, Said()
            if not saying:
                return
            try:
                await self._write(saying)
            except Exception as error:
                if is_away(error):
                    self._put_back(saying)
                    self._unsure = True
                else:
                    self._refused = error
                raise
            self._told += sum(len(items) for _, items in saying.events)

    async def _write(self, saying: Said) -> None:
        # With a commit of its own: a statement that a silent network holds back, and delivers when it was written anew,
        # is never committed.
        async with self._database.plain() as connection:
            if self._unsure:
                await self._drop_written(connection, saying)
            await report(connection, self._run, saying)

    async def _drop_written(self, connection: AsyncConnection, saying: Said) -> None:
        """Leave out the events of a write whose commit was answered by nobody, should it have happened."""
        written = await count_events(connection, self._run) - self._told
        while written > 0:
            written -= len(saying.events[0][1])
            self._told += len(saying.events.pop(0)[1])
        self._unsure = False

    def _put_back(self, saying: Said) -> None:
        newer = self._unsaid
        newer.progress = newer.progress or saying.progress
        newer.events = saying.events + newer.events
        newer.checkpoint = saying.checkpoint if newer.checkpoint is None else newer.checkpoint


def _hear(writing: asyncio.Task[None]) -> None:
    """Keep asyncio from complaining of an error that nobody waited for: whoever flushes next is told of it too."""
    if not writing.cancelled():
        writing.exception()
