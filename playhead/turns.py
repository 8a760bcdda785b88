"""Turns: whoever looks after something takes them again and again. One that fails keeps nobody from the next."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable, Mapping

import structlog

from playhead.cancellation import end_if_canceled
from playhead.database import is_away
from playhead.errors import PlayheadError

TURN_SECONDS = 10.0
"""No batch is begun later than this into a turn; one that jobs wait for may take no longer either."""
log = structlog.get_logger(__name__)

Batch = Callable[[], Awaitable[int]]
"""Does some of what there is to do. Gives how much that was."""
Turn = Callable[[], Awaitable[None]]


async def take(name: str, turn: Turn) -> None:
    """Take this turn to its end, good or bad: the next goes on."""
    try:
        await turn()
    except Exception as error:
        end_if_canceled()
        if is_away(error) or (isinstance(error, PlayheadError) and error.transient):
            log.warning("turn_missed", task=name, error=repr(error))
        else:
            log.exception("turn_broke", task=name)


async def until_done(name: str, batch: Batch) -> None:
    """Take batches until nothing is left or the turn is over."""
    swept, end = 0, time.monotonic() + TURN_SECONDS
    try:
        while time.monotonic() < end and (found := await batch()):
            swept += found
    finally:
        if swept:
            log.info("swept", task=name, count=swept)


class Turns:
    """The turns of several, beside each other. One that does not end keeps its own next turn off, and no other's."""

    def __init__(self, turns: Mapping[str, Turn]) -> None:
        """``turns``: by the names that are told of them."""
        self._turns = turns
        self._under_way: dict[str, asyncio.Task[None]] = {}

    def begin(self) -> list[asyncio.Task[None]]:
        """Begin a turn of all that have none under way."""
        return [self._begin(name) for name in self._turns.keys() - self._under_way.keys()]

    async def done(self) -> None:
        """Wait until none is under way."""
        if under_way := list(self._under_way.values()):
            await asyncio.wait(under_way)

    async def close(self) -> None:
        """Give up what is under way: others go on."""
        for task in self._under_way.values():
            task.cancel()
        await self.done()

    def _begin(self, name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(take(name, self._turns[name]), name=name)
        self._under_way[name] = task
        task.add_done_callback(functools.partial(self._ended, name))
        return task

    def _ended(self, name: str, _: asyncio.Task[None]) -> None:
        del self._under_way[name]
