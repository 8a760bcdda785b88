"""Gathering: what several want to write at the same time is written together."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")
MOMENT_SECONDS = 0.001
CROWDED_SECONDS = 0.1
"""For so long after a lot of several, more are waited for: a transaction for each costs more than their work."""


class Gathering(Generic[T, R]):
    """Writes one lot at a time: what comes meanwhile is the next. Whoever comes alone in quiet times waits for nobody.

    Args:
        write: takes a lot and gives an answer for each, in its order. What it raises is raised to all of the lot.
        most: how many make a lot.
        moment_seconds: how long more are waited for in times when many come.
    """

    def __init__(
        self,
        write: Callable[[Sequence[T]], Awaitable[Sequence[R]]],
        most: int,
        moment_seconds: float = MOMENT_SECONDS,
    ) -> None:
        self._write = write
        self._most = most
        self._moment_seconds = moment_seconds
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._crowded_until = 0.0

    def put(self, item: T) -> asyncio.Future[R]:
        """Have it written; its answer. Whoever is canceled while waiting does not learn whether it was."""
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if self._writing is None:
            # What is bound to the context of the first would be logged of all.
            self._writing = asyncio.create_task(self._write_lots(), name="gathered", context=contextvars.Context())
        return answer

    async def _write_lots(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                if loop.time() < self._crowded_until:
                    await self._until_nobody_comes()
                lot, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                await self._write_lot([one for one in lot if not one[1].done()])
        finally:
            self._writing = None
            for _, answer in self._waiting:
                answer.cancel()
            self._waiting.clear()

    async def _until_nobody_comes(self) -> None:
        """Wait for those who are on their way, most likely, as long as one comes in each moment."""
        there = 0
        while there < len(self._waiting) < self._most:
            there = len(self._waiting)
            await asyncio.sleep(self._moment_seconds)

    async def _write_lot(self, lot: list[tuple[T, asyncio.Future[R]]]) -> None:
        if len(lot) > 1:
            self._crowded_until = asyncio.get_running_loop().time() + CROWDED_SECONDS
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
