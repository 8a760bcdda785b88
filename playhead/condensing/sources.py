"""Several documents of a job, each as a summary."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, ValidationError

from playhead.condensing.condense import condense
from playhead.condensing.reading import Told
from playhead.condensing.wishes import Wishes
from playhead.documents import read_source
from playhead.errors import AnswerInvalidError, DocumentUnreadableError, TooLongError
from playhead.kind import Context
from playhead.summary import Summary

EVENT = "source"
_ITS_OWN = (AnswerInvalidError, DocumentUnreadableError, TooLongError)
"""What may be wrong with one source. Of all other errors another source would have them as well."""


class _Read(BaseModel):
    """What is told of a source once it is summarised, for later attempts."""

    source: int
    summary: Summary


class Sources:
    """Reads the documents of one job."""

    def __init__(self, ctx: Context, paths: Sequence[Path], wishes: Wishes, told: Told) -> None:
        """Args: ``told`` is told how far it is, 0 to 1, and in what stage."""
        self._ctx = ctx
        self._paths = paths
        self._wishes = wishes
        self._told = told

    async def summaries(self) -> list[Summary | None]:
        """Of each, in their order; None for one that says nothing. What earlier attempts summarised is taken as it is.

        Raises:
            PlayheadError: as :func:`condense` and :func:`~playhead.documents.read_source`; that of a source among
                several says which.
        """
        kept = await self._kept()
        return [kept.get(source) or await self._summary(source) for source in range(len(self._paths))]

    async def _kept(self) -> dict[int, Summary]:
        """What earlier attempts summarised; nothing of what another version of Playhead told in another form."""
        kept: dict[int, Summary] = {}
        async for data in self._ctx.told(EVENT):
            try:
                read = _Read.model_validate(data)
            except ValidationError:
                continue
            kept[read.source] = read.summary
        return kept

    async def _summary(self, source: int) -> Summary | None:
        async def told(share: float, stage: str) -> None:
            await self._told((source + share) / len(self._paths), f"{stage} {source + 1} of {len(self._paths)}")

        with self._naming(source):
            given = await asyncio.to_thread(read_source, self._paths[source])
            if isinstance(given, Summary):
                return given
            if not given.passages:
                return None
            summary = await condense(self._ctx, given, self._wishes, told, source)
        await self._keep(_Read(source=source, summary=summary))
        return summary

    async def _keep(self, read: _Read) -> None:
        await self._ctx.checkpoint({"sources": read.source + 1}, events={EVENT: [read.model_dump(mode="json")]})

    @contextmanager
    def _naming(self, source: int) -> Iterator[None]:
        try:
            yield
        except _ITS_OWN as error:
            if len(self._paths) == 1:
                raise
            message, field = f"source {source + 1}: {error.message}", error.field or f"input.all.{source}"
            raise type(error)(message, field=field, retry_after_seconds=error.retry_after_seconds) from error
