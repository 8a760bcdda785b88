"""Those who wait for news of a job. One LISTEN connection feeds them all; none of them asks the database meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from playhead.states import TERMINAL

_ENDS = frozenset(state.value for state in TERMINAL)


class Watch:
    """One wait for news.

    Attributes:
        closing: the process ends: whatever was seen last is the answer.
    """

    def __init__(self, *, ends_only: bool) -> None:
        self.closing = False
        self._ends_only = ends_only
        self._news = asyncio.Event()

    async def changed(self, seconds: float) -> bool:
        """Wait for news, or none in this time; True once there may be some."""
        if self.closing or seconds <= 0:
            return False
        try:
            await asyncio.wait_for(self._news.wait(), seconds)
        except TimeoutError:
            return False
        self._news.clear()
        return not self.closing

    def tell(self, state: str) -> None:
        """There is news; ``state`` is the new one, empty where it is the old one."""
        if not self._ends_only or state in _ENDS:
            self._news.set()

    def wake(self, *, closing: bool = False) -> None:
        """News may have been missed, or none will come any more."""
        self.closing = self.closing or closing
        self._news.set()


class Watchers:
    """Every watch there is, by the id of its job.

    Attributes:
        looking: to be held by whoever of them asks the database. News of one job, or the return of the connection,
            wakes all of its watchers at once: they take turns on some of the connections, or all else would wait
            behind them, and those at the end in vain.
    """

    def __init__(self, *, looks_at_once: int) -> None:
        self.looking = asyncio.Semaphore(looks_at_once)
        self._watches: dict[str, set[Watch]] = {}
        self._closed = False

    @contextmanager
    def of(self, job_id: UUID, *, ends_only: bool = False) -> Iterator[Watch]:
        """Watch a job for the length of the block; look at the job inside, so that nothing falls between.

        With ``ends_only`` a change counts only when the job has ended: progress wakes nobody.
        """
        watch = Watch(ends_only=ends_only)
        watch.closing = self._closed
        watches = self._watches.setdefault(str(job_id), set())
        watches.add(watch)
        try:
            yield watch
        finally:
            watches.discard(watch)
            if not watches:
                del self._watches[str(job_id)]

    def notice(self, payload: str) -> None:
        """News from the ledger: ``id state``, or only ``id``."""
        job_id, _, state = payload.partition(" ")
        for watch in self._watches.get(job_id, ()):
            watch.tell(state)

    def look_again(self) -> None:
        """The connection was away: everyone looks for themselves."""
        self._wake_all()

    def close(self) -> None:
        """Let every wait end, and every later one at once."""
        self._closed = True
        self._wake_all(closing=True)

    def _wake_all(self, *, closing: bool = False) -> None:
        for watches in self._watches.values():
            for watch in watches:
                watch.wake(closing=closing)
