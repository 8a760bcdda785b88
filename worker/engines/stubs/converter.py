"""A converter without ffmpeg: its output is the input, whatever format is asked for."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncGenerator
from pathlib import Path

from playhead.engines.conversion import (
    Conversion,
    ConversionOptions,
    Converted,
    Loudness,
    MediaFormat,
    MediaStream,
)
from playhead.errors import InvalidError, MediaUnreadableError

DURATION_SECONDS = 2.0
_CODECS: dict[MediaFormat, str] = {"mp4": "aac", "m4a": "aac", "mp3": "mp3", "opus": "opus", "wav": "pcm_s16le"}
_PICTURE = MediaStream(type="video", codec="h264", copied=False, width=16, height=16)


class StubConverter:
    """A :class:`~playhead.engines.Converter` to which every file lasts two seconds."""

    async def convert(
        self, source: Path, target: Path, options: ConversionOptions
    ) -> AsyncGenerator[Conversion | Converted, None]:
        """As :meth:`playhead.engines.Converter.convert`."""
        if not (await asyncio.to_thread(source.stat)).st_size:
            raise MediaUnreadableError("The file is empty.")
        end = min(DURATION_SECONDS, options.end_seconds or DURATION_SECONDS)
        if options.start_seconds >= end:
            raise InvalidError("The recording holds nothing in the time asked for.", field="params.start_seconds")
        duration = end - options.start_seconds
        if options.normalize:
            yield Conversion("measuring", duration, duration)
        await asyncio.to_thread(shutil.copyfile, source, target)
        yield Conversion("converting", duration, duration)
        yield Converted(duration_seconds=duration, streams=_streams(options), loudness=_loudness(options))


def _loudness(options: ConversionOptions) -> Loudness | None:
    before = {"input_lufs": -20.0, "input_peak_dbtp": -6.0, "input_range_lu": 5.0}
    return Loudness(**before, output_lufs=options.loudness_lufs, output_peak_dbtp=-2) if options.normalize else None


def _streams(options: ConversionOptions) -> list[MediaStream]:
    codec = _CODECS.get(options.format, options.format)
    sound = MediaStream(type="audio", codec=codec, copied=False, sample_rate=16_000, channels=1)
    return [sound] if options.audio_only or options.format != "mp4" else [_PICTURE, sound]
