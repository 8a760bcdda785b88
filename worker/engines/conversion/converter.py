"""Media to media by ffmpeg."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import structlog

from playhead.engines.conversion import Conversion, ConversionOptions, Converted, Loudness, MediaStream
from playhead.errors import EngineCrashedError, InvalidError, MediaUnreadableError
from playhead.settings import ChildSettings, ConverterSettings
from worker.engines.child import Child
from worker.engines.conversion import arguments
from worker.engines.conversion.binary import find
from worker.engines.conversion.loudness import Measured, parsed, told
from worker.engines.conversion.media import Look, Media
from worker.engines.conversion.plan import Plan
from worker.engines.conversion.work import Work

log = structlog.get_logger(__name__)


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
        job = _Job(self._settings, self._found, Plan.of(await self._media(source), options), source, target)
        async with aclosing(job.parts()) as parts:
            async for part in parts:
                yield part
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


@dataclass
class _Job:
    """One conversion."""

    settings: ConverterSettings
    ffmpeg: Path
    plan: Plan
    source: Path
    target: Path
    measured: Measured | None = None
    loudness: Loudness | None = None

    async def parts(self) -> AsyncGenerator[Conversion, None]:
        """All that is to be done."""
        if self.plan.options.normalize:
            work = self._work(arguments.measuring(self.ffmpeg, self.settings, self.plan))
            async with aclosing(self._steps(work, "measuring")) as steps:
                async for step in steps:
                    yield step
            self.measured = _audible(work)
        async with aclosing(self._convert()) as steps:
            async for step in steps:
                yield step

    async def _convert(self) -> AsyncGenerator[Conversion, None]:
        """Copy what can be copied; where the container does not take it after all, encode everything anew."""
        try:
            async with aclosing(self._write()) as steps:
                async for step in steps:
                    yield step
        except MediaUnreadableError as error:
            if not self.plan.copies_any:
                raise
            log.info("not_copied", cause=error.message)
            self.plan = self.plan.without_copies()
            async with aclosing(self._write()) as steps:
                async for step in steps:
                    yield step

    async def _write(self) -> AsyncGenerator[Conversion, None]:
        work = self._work(arguments.converting(self.ffmpeg, self.settings, self.plan, self.target, self.measured))
        async with aclosing(self._steps(work, "converting")) as steps:
            async for step in steps:
                yield step
        after = parsed(work.complaints) if self.measured else None
        self.loudness = told(self.measured, after) if self.measured and after else None

    def _work(self, command: list[str]) -> Work:
        return Work(self.settings, command, (self.source, self.target))

    async def _steps(self, work: Work, stage: Literal["measuring", "converting"]) -> AsyncGenerator[Conversion, None]:
        async with aclosing(work.steps()) as steps:
            async for seconds in steps:
                yield Conversion(stage, seconds, self.plan.duration_seconds)

    def converted(self, media: Media) -> Converted:
        """What came out."""
        found = [(media.video, self.plan.copies_video), (media.audio, self.plan.copies_audio)]
        return Converted(
            duration_seconds=media.duration_seconds or 0.0,
            streams=[
                MediaStream(
                    type="video" if stream.type == "video" else "audio",
                    codec=stream.codec or "",
                    copied=copied,
                    width=stream.width or None,
                    height=stream.height or None,
                    sample_rate=stream.sample_rate or None,
                    channels=stream.channels or None,
                )
                for stream, copied in found
                if stream
            ],
            loudness=self.loudness,
        )


def _audible(work: Work) -> Measured | None:
    """What the first pass measured; None for silence, which is left as it is."""
    measured = parsed(work.complaints)
    if measured is None:
        raise EngineCrashedError("ffmpeg did not say how loud the recording is.")
    return None if measured.is_silence else measured
