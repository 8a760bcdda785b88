"""A run under way, and how its work is ended before its time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import structlog

from playhead.errors import InternalError
from playhead.ledger.run import Run
from worker.outcome import Outcome, failure

log = structlog.get_logger(__name__)


@dataclass
class Active:
    """A run under way in this process."""

    run: Run
    task: asyncio.Task[Outcome]
    stopped: Outcome | None = None
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.task.add_done_callback(lambda _: self._over.set())

    def end(self, outcome: Outcome) -> None:
        """Stop the work, unless it is done; the run ends with this outcome."""
        if self.stopped is None and self.task.cancel():
            self.stopped = outcome

    def end_from_afar(self, outcome: Outcome) -> None:
        """As :meth:`end`, soon, from any thread."""
        self.task.get_loop().call_soon_threadsafe(self.end, outcome)

    def abandon(self) -> None:
        """Wait no longer for work that was told to stop and does not."""
        log.warning("work_abandoned", job_id=str(self.run.job_id), kind=self.run.kind)
        self._over.set()

    async def outcome(self) -> Outcome:
        """Wait for the end of the work."""
        await self._over.wait()
        if self.task.done() and not self.task.cancelled():
            return self.task.result()
        return self.stopped or failure(InternalError("the work was canceled from within: a bug of what it uses"))
