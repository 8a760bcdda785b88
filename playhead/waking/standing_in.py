"""Standing in: what workers do for waiting jobs by themselves is done by the API while none lives.

Else a job that comes due at night, a schedule, a digest, or what a dead worker held would never wake anybody: it is the
workers' own housekeeping that finds such work.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sqlalchemy.ext.asyncio import AsyncSession

from playhead import turns
from playhead.asking.requests import Requests
from playhead.database import Database
from playhead.ledger import frozen, sweep, workers
from playhead.programs import Programs
from playhead.storage import Storage
from playhead.turns import Turn

Sweep = Callable[[AsyncSession], Awaitable[int]]


@dataclass(frozen=True)
class StandIn:
    """Takes the turns of those that sleep, beside each other and whatever else its process does."""

    database: Database
    storage: Storage
    requests: Requests
    _under_way: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    def begin(self) -> None:
        """Take a turn of all that are not under way, unless a worker lives; the end is not waited for."""
        for name in self.turns.keys() - self._under_way.keys():
            task = asyncio.create_task(turns.take(name, functools.partial(self._take, self.turns[name])), name=name)
            self._under_way[name] = task
            task.add_done_callback(functools.partial(self._ended, name))

    async def done(self) -> None:
        """Wait until none is under way."""
        if under_way := list(self._under_way.values()):
            await asyncio.wait(under_way)

    async def close(self) -> None:
        """Give up what is under way: others go on."""
        for task in self._under_way.values():
            task.cancel()
        await self.done()

    @cached_property
    def turns(self) -> Mapping[str, Turn]:
        """All that it takes, by their names in :data:`playhead.schedules.system.TASKS`."""
        lost_after_seconds = self.requests.settings.worker.lost_after_seconds
        programs = Programs(self.database, self.storage, self.requests.settings, lambda: self.requests)
        return {
            "frozen": self._swept("frozen", lambda session: frozen.end_frozen(session, frozen.AFTER_SECONDS)),
            "expire": self._swept("expire", sweep.expire_late),
            "rescue": self._swept("rescue", lambda session: sweep.rescue_lost(session, lost_after_seconds)),
            "due": self._swept("due", sweep.queue_due),
            **programs.their_turns(),
        }

    async def _take(self, turn: Turn) -> None:
        async with self.database.transaction() as session:
            if await workers.living(session, self.requests.settings.worker.lost_after_seconds):
                return
        await turn()

    def _swept(self, name: str, one_batch: Sweep) -> Turn:
        async def batch() -> int:
            async with self.database.transaction() as session:
                return await one_batch(session)

        return functools.partial(turns.until_done, name, batch)

    def _ended(self, name: str, _: asyncio.Task[None]) -> None:
        del self._under_way[name]
