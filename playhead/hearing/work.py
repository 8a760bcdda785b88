from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from playhead.engines import SpeechInfo, SpeechOptions, SpeechStep
from playhead.kind import Context
from playhead.languages import UNDETERMINED, join_segments
from playhead.transcript import Segment, Transcript


class Cursor(BaseModel):
    """How far a transcription is, as its checkpoint says it.

    Stored with the events of the segments up to it, it stays as small for a day of speech as for a minute.

    Attributes:
        segments: how many there are: those with smaller ids are final, and told.
        done_seconds: nothing before it is decoded again.
    """

    model_config = ConfigDict(extra="forbid")

    info: SpeechInfo
    segments: int = Field(ge=0)
    done_seconds: float = Field(ge=0)


@dataclass
class Progress:
    """A transcription under way."""

    info: SpeechInfo
    segments: list[Segment] = field(default_factory=list)
    done_seconds: float = 0.0

    @property
    def cursor(self) -> Cursor:
        """What a later attempt goes on from."""
        return Cursor(info=self.info, segments=len(self.segments), done_seconds=self.done_seconds)


async def hear(ctx: Context, options: SpeechOptions, share: float = 1.0) -> Transcript:
    """Transcribe the job's input, from where an earlier attempt left off. It is this share of the job's work.

    Tells watchers of each segment as it is decoded. Where one is told again, with the same ``id``, it replaces the one
    told before: an attempt begins anew if it cannot read what an earlier one kept.
    """
    await ctx.progress(0.0, stage="fetching")
    recording = await ctx.input()
    return _transcript(await _decode(ctx, recording, options, share), options)


async def _decode(ctx: Context, recording: Path, options: SpeechOptions, share: float) -> Progress:
    """Take the engine's steps in as they come, from where an earlier attempt left off."""
    await ctx.progress(0.0, stage="loading")
    done = await _restored(ctx)
    pace: _Pace | None = None
    async with aclosing(_steps(ctx, recording, options, done)) as steps:
        async for step in steps:
            if isinstance(step, SpeechInfo):
                done = done or Progress(step)
                pace = _Pace(done, share)
            elif done and pace:
                await _take(ctx, done, step)
                await pace.tell(ctx, done)
    if done is None:
        message = "An engine ended without saying what it heard."
        raise RuntimeError(message)
    return done


async def _restored(ctx: Context) -> Progress | None:
    """What earlier attempts made; nothing where another version of Playhead kept it in another form."""
    try:
        state = await ctx.restore()
        if state is None:
            return None
        cursor = Cursor.model_validate(state)
        segments = await _told(ctx, cursor.segments)
    except ValidationError:
        return None
    if len(segments) < cursor.segments:
        return None
    return Progress(cursor.info, segments, cursor.done_seconds)


async def _told(ctx: Context, count: int) -> list[Segment]:
    """The first ``count`` segments, as they were told last."""
    told: dict[int, Segment] = {}
    async for data in ctx.told("segment"):
        segment = Segment.model_validate(data)
        if segment.id < count:
            told[segment.id] = segment
    return [told[number] for number in sorted(told)]


def _steps(
    ctx: Context, recording: Path, options: SpeechOptions, done: Progress | None
) -> AsyncGenerator[SpeechInfo | SpeechStep, None]:
    return ctx.engines.transcriber.transcribe(
        recording,
        options,
        resume=done.info if done else None,
        from_seconds=done.done_seconds if done else 0.0,
        first_id=len(done.segments) if done else 0,
        priority=ctx.priority,
    )


async def _take(ctx: Context, done: Progress, step: SpeechStep) -> None:
    ctx.account(device_seconds=step.device_seconds, audio_seconds=max(0.0, step.done_seconds - done.done_seconds))
    done.segments.extend(step.segments)
    done.done_seconds = max(done.done_seconds, step.done_seconds)
    told = [segment.model_dump(mode="json") for segment in step.segments]
    await ctx.checkpoint(done.cursor.model_dump(mode="json"), events={"segment": told} if told else None)


class _Pace:
    """How fast this attempt goes, and so when the job will be done, of which this is a share."""

    def __init__(self, done: Progress, share: float) -> None:
        self._share = share
        self._began = time.monotonic()
        self._from_seconds = done.done_seconds

    async def tell(self, ctx: Context, done: Progress) -> None:
        duration = done.info.duration_seconds
        fraction = min(1.0, done.done_seconds / duration) if duration else 1.0
        await ctx.progress(self._share * fraction, stage="transcribing", eta_seconds=self._eta_seconds(done))

    def _eta_seconds(self, done: Progress) -> float | None:
        heard = done.done_seconds - self._from_seconds
        left = max(0.0, done.info.duration_seconds / self._share - done.done_seconds)
        return left * (time.monotonic() - self._began) / heard if heard > 0 else None


def _transcript(done: Progress, options: SpeechOptions) -> Transcript:
    spoken = done.info.language
    translated = options.task == "translate" and spoken != UNDETERMINED
    # Whoever goes on with the transcript needs to know what its text is in.
    written = "en" if translated else spoken
    return Transcript(
        text=join_segments([segment.text for segment in done.segments], written),
        language=written,
        spoken_language=spoken if translated else None,
        language_probability=done.info.language_probability,
        duration_seconds=done.info.duration_seconds,
        segments=done.segments,
        model=done.info.model,
    )
