"""Media to another format: cut, normalised, or only their sound."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from playhead.engines.conversion import Conversion, ConversionOptions, Converted, Loudness, MediaFormat, MediaStream
from playhead.kind import Context, Kind

MEDIA_TYPES: dict[MediaFormat, str] = {
    "mp4": "video/mp4",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "opus": "audio/ogg",
    "wav": "audio/wav",
    "flac": "audio/flac",
}
_LOSSLESS = frozenset({"wav", "flac"})
# Loudness is measured by decoding alone, which is quick beside encoding.
_MEASURING_SHARE = 0.3


class Params(BaseModel):
    """What is to come out. Only `format` is needed."""

    model_config = ConfigDict(extra="forbid")

    format: MediaFormat = Field(description="`mp4` is H.264 with AAC, ready to stream; the others are sound alone.")
    start_seconds: float = Field(
        0.0, ge=0, allow_inf_nan=False, description="Leave out what comes before, to the frame."
    )
    end_seconds: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="Leave out what comes after; left out, up to the end."
    )
    audio_only: bool = Field(default=False, description="Leave the picture out of an `mp4`.")
    normalize: bool = Field(
        default=False, description="Bring the loudness to `loudness_lufs` (EBU R 128), peaks to -1.5 dBTP at most."
    )
    loudness_lufs: float | None = Field(
        None, ge=-31, le=-9, description="Loudness to `normalize` to, e.g. -23 for broadcasters; left out, -16."
    )
    bitrate_kbps: int | None = Field(
        None, ge=8, le=512, description="Bit rate of the sound; left out, what suits the format. Not for `wav`, `flac`."
    )

    @field_validator("end_seconds")
    @classmethod
    def _after_the_start(cls, end_seconds: float | None, info: ValidationInfo) -> float | None:
        if end_seconds is not None and end_seconds <= info.data.get("start_seconds", 0.0):
            raise ValueError("it must be after start_seconds")
        return end_seconds

    @field_validator("loudness_lufs")
    @classmethod
    def _of_what_is_normalised(cls, loudness_lufs: float | None, info: ValidationInfo) -> float | None:
        if loudness_lufs is not None and not info.data.get("normalize"):
            raise ValueError("it is for normalize alone: set that to true as well")
        return loudness_lufs

    @field_validator("bitrate_kbps")
    @classmethod
    def _of_what_loses_something(cls, bitrate_kbps: int | None, info: ValidationInfo) -> int | None:
        if bitrate_kbps is not None and (form := info.data.get("format")) in _LOSSLESS:
            raise ValueError(f"it cannot be chosen for {form}, which loses nothing")
        return bitrate_kbps


class Result(BaseModel):
    """What came out."""

    format: MediaFormat
    duration_seconds: float
    size_bytes: int
    copied: bool = Field(description="No stream was encoded anew: only the container changed, and nothing was lost.")
    streams: list[MediaStream]
    loudness: Loudness | None = Field(description="Null where it was not asked for, and for silence.")


async def convert(ctx: Context, params: Params) -> Result:
    """Convert the job's input; store it as ``media.<format>``.

    Nothing is kept for a later attempt: one that was interrupted begins anew.
    """
    await ctx.progress(0.0, stage="fetching")
    source = await ctx.input()
    target = source.with_name(_name(params))
    converted = await _converted(ctx, source, target, params)
    ctx.account(audio_seconds=converted.duration_seconds)
    await ctx.progress(1.0, stage="writing")
    await ctx.save_output(target.name, target, MEDIA_TYPES[params.format])
    return Result(
        format=params.format,
        duration_seconds=converted.duration_seconds,
        size_bytes=(await asyncio.to_thread(target.stat)).st_size,
        copied=converted.copied,
        streams=converted.streams,
        loudness=converted.loudness,
    )


KIND = Kind(
    name="convert",
    queue="cpu",
    summary="Media to MP4, MP3, M4A, Opus, WAV or FLAC; cut, normalised, sound alone.",
    params=Params,
    result=Result,
    run=convert,
    accepts=frozenset({"media"}),
    makes=lambda params: {_name(params): "media"},
    cached_by=lambda _, settings: settings.converter.model_dump(include={"preset", "crf"}),
)


def _name(params: Params) -> str:
    return f"media.{params.format}"


async def _converted(ctx: Context, source: Path, target: Path, params: Params) -> Converted:
    options = ConversionOptions(**params.model_dump(exclude_none=True))
    began, fraction = time.monotonic(), 0.0
    async with aclosing(ctx.engines.converter.convert(source, target, options)) as parts:
        async for part in parts:
            if isinstance(part, Converted):
                return part
            # What could not be copied after all is begun anew: it waits for that to catch up.
            fraction = max(fraction, _fraction(part, params))
            eta_seconds = (time.monotonic() - began) * (1 - fraction) / fraction if fraction else None
            await ctx.progress(fraction, stage=part.stage, eta_seconds=eta_seconds)
    message = "An engine ended without saying what it made."
    raise RuntimeError(message)


def _fraction(part: Conversion, params: Params) -> float:
    done = min(1.0, part.done_seconds / part.duration_seconds) if part.duration_seconds else 0.0
    if not params.normalize:
        return done
    measured = _MEASURING_SHARE
    return done * measured if part.stage == "measuring" else measured + done * (1 - measured)
