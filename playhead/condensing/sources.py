"""Several documents of a job, each as a summary."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel

from playhead.condensing.asking import Asker
from playhead.condensing.condense import condense
from playhead.condensing.reading import Told
from playhead.condensing.together import together
from playhead.documents import read_source
from playhead.errors import AnswerInvalidError, DocumentUnreadableError, TooLongError
from playhead.summary import Summary

EVENT = "source"
SOURCES_AT_ONCE = 3
"""Documents of one job that are held in memory: more would not be read sooner."""
_ITS_OWN = (AnswerInvalidError, DocumentUnreadableError, TooLongError)
"""What may be wrong with one source. Any other error is of none: the next would meet it as well."""


class _Read(BaseModel):
    """What is told of a source once it is summarised, for later attempts."""

    source: int
    summary: Summary


class Sources:
    """Reads the documents of one job."""

    def __init__(self, asker: Asker, paths: Sequence[Path], told: Told) -> None:
        """Args: ``told`` is told how far it is, 0 to 1, and in what stage."""
        self._asker = asker
        self._paths = paths
        self._told = told
        self._made: dict[int, Summary | None] = {}
        self._shares = [0.0] * len(paths)

    async def summaries(self) -> list[Summary | None]:
        """Of each, in their order; None for one that says nothing. What earlier attempts summarised is taken as it is.

        Raises:
            PlayheadError: as :func:`condense` and :func:`~playhead.documents.read_source`; that of a source among
                several says which.
        """
        await self._restore()
        left = [source for source in range(len(self._paths)) if source not in self._made]
        await together(self._read, left, SOURCES_AT_ONCE)
        return [self._made[source] for source in range(len(self._paths))]

    async def _restore(self) -> None:
        async for read in self._asker.told(EVENT, _Read):
            self._made[read.source] = read.summary
            self._shares[read.source] = 1.0

    async def _read(self, source: int) -> None:
        with self._naming(source):
            self._made[source] = await self._summary(source)
        await self._tell(source, 1.0)

    async def _summary(self, source: int) -> Summary | None:
        async def told(share: float, _: str) -> None:
            await self._tell(source, share)

        given = await asyncio.to_thread(read_source, self._paths[source])
        if isinstance(given, Summary):
            return given
        if not given.passages:
            return None
        summary = await condense(self._asker, given, told, source)
        read = _Read(source=source, summary=summary).model_dump(mode="json")
        await self._asker.ctx.checkpoint({"sources": len(self._made) + 1}, events={EVENT: [read]})
        return summary

    async def _tell(self, source: int, share: float) -> None:
        self._shares[source] = share
        sources = len(self._paths)
        await self._told(sum(self._shares) / sources, f"reading, {len(self._made)} of {sources} done")

    @contextmanager
    def _naming(self, source: int) -> Iterator[None]:
        try:
            yield
        except _ITS_OWN as error:
            if len(self._paths) == 1:
                raise
            message, field = f"source {source + 1}: {error.message}", error.field or f"input.all.{source}"
            raise type(error)(message, field=field, retry_after_seconds=error.retry_after_seconds) from error
