"""All windows of a document read, some at a time, and what was noted of them kept."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from pydantic import BaseModel

from playhead.condensing.asking import QUESTIONS_AT_ONCE
from playhead.condensing.noting import Noter, Part
from playhead.condensing.together import together
from playhead.condensing.windows import Window

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
        left = [place for place in self._windows if place not in self._made]
        await together(self._read, left, QUESTIONS_AT_ONCE)
        return [part for place in self._windows for part in self._made[place]]

    async def _restore(self) -> None:
        async for kept in self._noter.asker.told(EVENT, _Kept):
            if kept.source == self._source and kept.window in self._windows:
                self._made[kept.window] = kept.parts

    async def _read(self, place: tuple[int, int, int]) -> None:
        parts = await self._noter.note(self._windows[place])
        kept = _Kept(source=self._source, window=place, parts=parts).model_dump(mode="json")
        async with self._telling:
            self._made[place] = parts
            await self._noter.asker.ctx.checkpoint({"windows": len(self._made)}, events={EVENT: [kept]})
            await self._tell()

    async def _tell(self) -> None:
        await self._told(len(self._made) / len(self._windows), "reading")
