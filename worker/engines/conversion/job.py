from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import structlog

from playhead.engines.conversion import Conversion, Converted, Loudness
from playhead.errors import EngineCrashedError, MediaUnreadableError
from playhead.settings import ConverterSettings
from worker.engines.conversion import arguments
from worker.engines.conversion.ffmpeg import FfmpegRun
from worker.engines.conversion.loudness import Measured, parsed, told
from worker.engines.conversion.media import Media
from worker.engines.conversion.plan import Plan

log = structlog.get_logger(__name__)

Stage = Literal["measuring", "converting"]


@dataclass
class Job:
    """One conversion, in one or more runs of ffmpeg.

    Attributes:
        measured: how loud the input is, where it is to be normalised and is no silence.
        loudness: what users are told of that.
    """

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

    def _work(self, command: list[str]) -> FfmpegRun:
        return FfmpegRun(self.settings, command, (self.source, self.target))

    async def _steps(self, work: FfmpegRun, stage: Stage) -> AsyncGenerator[Conversion, None]:
        async with aclosing(work.steps()) as steps:
            async for seconds in steps:
                yield Conversion(stage, seconds, self.plan.duration_seconds)

    def converted(self, media: Media) -> Converted:
        """What came out. Args: ``media``, the output."""
        found = [(media.video, self.plan.copies_video), (media.audio, self.plan.copies_audio)]
        return Converted(
            duration_seconds=media.duration_seconds or 0.0,
            streams=[stream.told(copied=copied) for stream, copied in found if stream],
            loudness=self.loudness,
        )


def _audible(work: FfmpegRun) -> Measured | None:
    """What the first pass measured; None for silence, which is left as it is."""
    measured = parsed(work.complaints)
    if measured is None:
        raise EngineCrashedError("ffmpeg did not say how loud the recording is.")
    return None if measured.is_silence else measured
