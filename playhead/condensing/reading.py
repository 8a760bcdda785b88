"""All windows of a document read, some at a time, and what was noted of them kept."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from playhead.condensing.noting import Noter, Part
from playhead.condensing.windows import Window

AT_ONCE = 3
"""Windows of one job that the model reads at a time: it may have the time, and others want their turn."""
EVENT = "notes"

Told = Callable[[float, str], Awaitable[None]]


class _Kept(BaseModel):
    """What is told of a window once it is read.

    Attributes:
        source: number of the document among those of the job.
        window: its number, and those of its first and last passage: in another setting they are others.
    """

    source: int
    window: tuple[int, int, int]
    parts: list[Part]


class Reader:
    """Reads one document of a job."""

    def __init__(self, noter: Noter, cut: Sequence[Window], source: int, told: Told) -> None:
        self._noter = noter
        self._told = told
        self._source = source
        self._windows = {(number, window[0].number, window[-1].number): window for number, window in enumerate(cut)}
        self._made: dict[tuple[int, int, int], list[Part]] = {}
        self._telling = asyncio.Lock()

    async def read(self) -> list[Part]:
        """The notes of all windows, in their order; those that earlier attempts took are not taken again."""
        await self._restore()
        await self._tell()
        left = iter([place for place in self._windows if place not in self._made])

        async def work() -> None:
            for place in left:
                await self._keep(place, await self._noter.note(self._windows[place]))

        await _together([work() for _ in range(AT_ONCE)])
        return [part for place in self._windows for part in self._made[place]]

    async def _restore(self) -> None:
        async for data in self._noter.ctx.told(EVENT):
            try:
                kept = _Kept.model_validate(data)
            except ValidationError:  # Told by another version of Playhead.
                continue
            if kept.source == self._source and kept.window in self._windows:
                self._made[kept.window] = kept.parts

    async def _keep(self, place: tuple[int, int, int], parts: list[Part]) -> None:
        kept = _Kept(source=self._source, window=place, parts=parts).model_dump(mode="json")
        async with self._telling:
            self._made[place] = parts
            await self._noter.ctx.checkpoint({"windows": len(self._made)}, events={EVENT: [kept]})
            await self._tell()

    async def _tell(self) -> None:
        await self._told(len(self._made) / len(self._windows), "reading")


async def _together(works: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Do all at a time; none goes on when one has failed."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
