"""Media to media by ffmpeg."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

from playhead.engines.conversion import Conversion, ConversionOptions, Converted
from playhead.errors import InvalidError, MediaUnreadableError
from playhead.settings import ChildSettings, ConverterSettings
from worker.engines.child import Child
from worker.engines.conversion.binary import find
from worker.engines.conversion.job import Job
from worker.engines.conversion.media import Look, Media
from worker.engines.conversion.plan import Plan
from worker.engines.programs.program import NotStartedError


class FfmpegConverter:
    """The real :class:`~playhead.engines.Converter`: a process for each pass, and none in between."""

    def __init__(self, settings: ConverterSettings) -> None:
        self._settings = settings
        self._probe = Child("worker.engines.conversion.probe", Media, ChildSettings(hang_seconds=60))
        self._found: Path | None = None

    async def convert(
        self, source: Path, target: Path, options: ConversionOptions
    ) -> AsyncGenerator[Conversion | Converted, None]:
        """As :meth:`playhead.engines.Converter.convert`."""
        self._found = self._found or await find(self._settings)
        job = Job(self._settings, self._found, Plan.of(await self._media(source), options), source, target)
        try:
            async with aclosing(job.parts()) as parts:
                async for part in parts:
                    yield part
        except NotStartedError:  # It was removed or renewed: the next job looks for one again.
            self._found = None
            raise
        yield job.converted(await self._made(target, options))

    async def lost(self) -> None:
        """Wait until the probe lives on though it was killed."""
        await self._probe.lost()

    async def close(self) -> None:
        """End the probe."""
        await self._probe.close()

    async def _media(self, path: Path) -> Media:
        async with aclosing(self._probe.ask(Look(path=str(path)))) as replies:
            return await anext(replies)

    async def _made(self, target: Path, options: ConversionOptions) -> Media:
        """What is in the output, which has to be something."""
        try:
            media = await self._media(target)
        except MediaUnreadableError:
            media = None
        if media and media.duration_seconds and (media.audio or media.video):
            return media
        if options.start_seconds or options.end_seconds is not None:
            raise InvalidError("The recording holds nothing in the time asked for.", field="params.start_seconds")
        raise MediaUnreadableError("Nothing in the file could be decoded: it is damaged or cut off.")
