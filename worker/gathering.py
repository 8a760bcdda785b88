"""Gathering: what several want to write at the same time is written together."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")
MOMENT_SECONDS = 0.002
"""What others are waited for, where the last lot were several."""


class Gathering(Generic[T, R]):
    """Writes one lot at a time: what comes meanwhile is the next lot. Whoever comes alone, after others who did, waits for nobody.

    Args:
        write: takes a lot and gives an answer for each, in its order. What it raises is raised to all of the lot.
        most: how many make a lot.
    """

    def __init__(self, write: Callable[[Sequence[T]], Awaitable[Sequence[R]]], most: int) -> None:
        self._write = write
        self._most = most
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._several = False

    async def put(self, item: T) -> R:
        """Have it written; its answer. Whoever is canceled meanwhile does not learn whether it was."""
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if self._writing is None:
            # What is bound to the context of the first would be logged of all.
            self._writing = asyncio.create_task(self._write_lots(), name="gathered", context=contextvars.Context())
        return await answer

    async def _write_lots(self) -> None:
        try:
            while self._waiting:
                if self._several:  # Then others are on their way, most likely: for one by one there is no time.
                    await asyncio.sleep(MOMENT_SECONDS)
                lot, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                await self._write_lot([one for one in lot if not one[1].done()])
        finally:
            self._writing = None
            for _, answer in self._waiting:
                answer.cancel()
            self._waiting.clear()

    async def _write_lot(self, lot: list[tuple[T, asyncio.Future[R]]]) -> None:
        self._several = len(lot) > 1
        try:
            answers = await self._write([item for item, _ in lot]) if lot else ()
        except Exception as error:  # noqa: BLE001 - raised to those who asked
            for _, answer in lot:
                if not answer.done():
                    answer.set_exception(error)
            return
        except BaseException:
            for _, answer in lot:
                answer.cancel()
            raise
        for (_, answer), given in zip(lot, answers, strict=True):
            if not answer.done():
                answer.set_result(given)
