"""Standing in: what workers do for waiting jobs by themselves is done by the API while none lives.

Else a job that comes due at night, a schedule, a digest, or what a dead worker held would never wake anybody: it is the
workers' own housekeeping that finds such work.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property

from sqlalchemy.ext.asyncio import AsyncSession

from playhead import turns
from playhead.asking.requests import Requests
from playhead.database import Database
from playhead.ledger import frozen, sweep, workers
from playhead.programs import Programs
from playhead.storage import Storage
from playhead.turns import Turn, Turns

Sweep = Callable[[AsyncSession], Awaitable[int]]


class StandIn:
    """Takes the turns of those that sleep, beside each other and whatever else its process does."""

    def __init__(self, database: Database, storage: Storage, requests: Requests) -> None:
        self.database = database
        self.requests = requests
        self._storage = storage
        self._turns = Turns({name: functools.partial(self._take, turn) for name, turn in self.turns.items()})

    def begin(self) -> None:
        """Take a turn of all that are not under way, unless a worker lives; the end is not waited for."""
        self._turns.begin()

    async def done(self) -> None:
        """Wait until none is under way."""
        await self._turns.done()

    async def close(self) -> None:
        """Give up what is under way: others go on."""
        await self._turns.close()

    @cached_property
    def turns(self) -> Mapping[str, Turn]:
        """All that it takes, by their names in :data:`playhead.schedules.system.TASKS`."""
        lost_after_seconds = self.requests.settings.worker.lost_after_seconds
        programs = Programs(self.database, self._storage, self.requests.settings, lambda: self.requests)
        sweeps: dict[str, Sweep] = {
            "frozen": lambda session: frozen.end_frozen(session, frozen.AFTER_SECONDS),
            "expire": sweep.expire_late,
            "rescue": lambda session: sweep.rescue_lost(session, lost_after_seconds),
            "due": sweep.queue_due,
        }
        swept = {name: self._swept(name, one_batch) for name, one_batch in sweeps.items()}
        return {**swept, **programs.their_turns()}

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
