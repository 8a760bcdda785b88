"""Reduce: many become one, a few at a time, as they fit into a question."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from playhead.errors import TooLongError

T = TypeVar("T")


@dataclass(frozen=True)
class Reducer(Generic[T]):
    """Makes one of many.

    Attributes:
        once: makes one of some neighbours, in one question.
        cost: tokens of one in a question.
        room: tokens for all in a question.
    """

    once: Callable[[Sequence[T]], Awaitable[T]]
    cost: Callable[[T], int]
    room: int

    async def reduce(self, things: Sequence[T]) -> T:
        """One of all. Neighbours are made one first where not all of them fit at once.

        Raises:
            TooLongError: not even two of them do.
        """
        while len(things) > 1:
            things = [made for batch in self._batches(things) for made in await self._batch(batch)]
        return things[0]

    async def _batch(self, batch: Sequence[T]) -> list[T]:
        if len(batch) == 1:
            return list(batch)
        try:
            return [await self.once(batch)]
        except TooLongError:
            if len(batch) == 2:  # noqa: PLR2004 - nothing to halve
                raise
        middle = len(batch) // 2
        return [made for half in (batch[:middle], batch[middle:]) for made in await self._batch(half)]

    def _batches(self, things: Sequence[T]) -> list[Sequence[T]]:
        """Neighbours that fit, two at least: else there would be no end."""
        made: list[list[T]] = []
        left = 0
        for thing in things:
            if not made or (self.cost(thing) > left and len(made[-1]) > 1):
                made.append([])
                left = self.room
            made[-1].append(thing)
            left -= self.cost(thing)
        return list(made)
