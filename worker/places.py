"""Places: how many jobs of a queue are at work at once."""

from __future__ import annotations

import asyncio
from typing import Self


class Places:
    """Those of one queue.

    Where work is done, and only to be written still, its place is another's: the next may begin while the ledger is
    busy. But no more are to be written than there are places: it may be slower than the work.
    """

    def __init__(self, count: int) -> None:
        self.free = asyncio.Semaphore(count)
        self.may_leave = count


class Place:
    """One of the places, taken for the length of the block.

    Args:
        left: is told when it is left before that.
    """

    def __init__(self, places: Places, left: asyncio.Future[None]) -> None:
        self._places = places
        self._left = left
        self._has_left = False

    async def __aenter__(self) -> Self:
        await self._places.free.acquire()
        return self

    def leave(self) -> None:
        """The work is done; stays while too many have left."""
        if self._places.may_leave:
            self._places.may_leave -= 1
            self._has_left = True
            self._places.free.release()
            if not self._left.done():
                self._left.set_result(None)

    async def __aexit__(self, *_: object) -> None:
        if self._has_left:
            self._places.may_leave += 1
        else:
            self._places.free.release()
