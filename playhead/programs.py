"""Programs: what is built from jobs. They go on by turns that any process may take that has a database and a storage.

Workers take them; while none lives, an API does. None of them needs an engine.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from playhead import turns
from playhead.asking.requests import Requests
from playhead.database import Database, now
from playhead.podcasts.polling.due import Polling
from playhead.podcasts.telling.issuing import issue_due
from playhead.podcasts.turns import deliver, work_on_episodes
from playhead.schedules import firing
from playhead.settings import Settings
from playhead.storage import Storage
from playhead.stories.reconciling import Reconciler
from playhead.turns import Batch, Turn

Step = Callable[[AsyncSession, Requests, datetime], Awaitable[int]]
"""A small transaction, which goes on where another died. Gives how much there was to do."""


@dataclass(frozen=True)
class Programs:
    """The programs, as one process looks after them.

    Attributes:
        requests: gives what they submit their jobs by; asked for at the first turn, as it takes a moment to make.
    """

    database: Database
    storage: Storage
    settings: Settings
    requests: Callable[[], Requests]

    def their_turns(self) -> Mapping[str, Turn]:
        """A turn of each, by its name in :data:`playhead.schedules.system.TASKS`."""
        polling = Polling(self.database, self.settings)
        batches = {
            "schedules": self._batch(firing.fire_due, firing.PATIENCE_SECONDS),
            "episodes": self._batch(work_on_episodes),
            "deliveries": self._batch(deliver),
            "digests": self._batch(issue_due),
            "stories": Reconciler(self.database, self.storage).advance,
        }
        done = {name: functools.partial(turns.until_done, name, batch) for name, batch in batches.items()}
        return done | {"feeds": polling.poll_due}

    def _batch(self, step: Step, patience_seconds: float = turns.TURN_SECONDS) -> Batch:
        async def one_batch() -> int:
            async with self.database.transaction(patience_seconds=patience_seconds) as session:
                return await step(session, self.requests(), await now(session))

        return one_batch
