"""The main job: a recording goes in, a transcript comes out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from playhead.engines import SpeechInfo, SpeechOptions, SpeechStep
from playhead.kind import Context, Kind
from playhead.languages import LANGUAGES, join_segments
from playhead.subtitles import cues, srt, tsv, txt, vtt
from playhead.transcript import Segment, Transcript

# A rescued job does this much of its work again at most, but for very long recordings: keeping a checkpoint, which
# holds the whole transcript so far, shall take no more than a fiftieth of the time.
CHECKPOINT_SECONDS = 5.0
CHECKPOINT_SHARE = 50.0


def _known_language(code: str) -> str:
    if code not in LANGUAGES:
        message = f"no language {code!r}: give an ISO 639-1 code such as 'en'"
        raise ValueError(message)
    return code


class Params(BaseModel):
    """How a recording is to be transcribed. Every field may be left out."""

    model_config = ConfigDict(extra="forbid")

    language: Annotated[str, AfterValidator(_known_language)] | None = Field(
        None,
        description="Language spoken, as an ISO 639-1 code such as `en`; left out, it is detected.",
        examples=["en"],
    )
    task: Literal["transcribe", "translate"] = Field(
        "transcribe", description="`transcribe` keeps the language spoken; `translate` gives English."
    )
    prompt: str | None = Field(
        None,
        max_length=4000,
        description="Text that might have come before: sets spelling of names, style and punctuation.",
    )
    hotwords: str | None = Field(
        None, max_length=1000, description="Words to listen for, such as names, separated by spaces or commas."
    )
    word_timestamps: bool = Field(
        default=True, description="Time every word: needed for subtitles that keep time within a sentence."
    )
    temperature: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Sampling temperature. 0 always gives the same text; left out, it rises where decoding goes wrong.",
    )
    model: str | None = Field(
        None, min_length=1, max_length=200, description="Model to use instead of the server's, e.g. `large-v3`."
    )
    vad: bool = Field(default=True, description="Skip what is not speech, so that nothing is made up in silence.")


class Progress(BaseModel):
    """A transcription under way; as a checkpoint, what a later attempt goes on from."""

    info: SpeechInfo
    segments: list[Segment] = Field(default_factory=list)
    done_seconds: float = 0.0


async def transcribe(ctx: Context, params: Params) -> Transcript:
    """Transcribe the job's input; store the transcript as JSON, plain text, TSV and subtitles.

    Tells watchers of each segment as it is decoded. A segment told again, with the same ``id``, after a crash
    replaces the one told before.
    """
    await ctx.progress(0.0, stage="fetching")
    recording = await ctx.input()
    done = await _decode(ctx, recording, params)
    await ctx.progress(1.0, stage="writing")
    transcript = _transcript(done, params)
    await _save(ctx, transcript)
    return transcript


KIND = Kind(
    name="transcribe",
    queue="gpu",
    summary="Speech to text: transcript, subtitles, word times.",
    params=Params,
    result=Transcript,
    run=transcribe,
)


async def _decode(ctx: Context, recording: Path, params: Params) -> Progress:
    """Take the engine's steps in as they come, from where an earlier attempt left off."""
    await ctx.progress(0.0, stage="loading")
    done = await _restored(ctx)
    keeper = _Keeper(ctx)
    pace: _Pace | None = None
    async with aclosing(_steps(ctx, recording, params, done)) as steps:
        async for step in steps:
            if isinstance(step, SpeechInfo):
                done = done or Progress(info=step)
                pace = _Pace(done)
            elif done and pace:
                await _take(ctx, done, step)
                await pace.tell(ctx, done)
                await keeper.keep(done)
    if done is None:
        message = "An engine ended without saying what it heard."
        raise RuntimeError(message)
    await keeper.keep(done, last=True)
    return done


async def _restored(ctx: Context) -> Progress | None:
    """What an earlier attempt kept; nothing where another version of Playhead kept it in another form."""
    try:
        state = await ctx.restore()
        return None if state is None else Progress.model_validate(state)
    except ValidationError:
        return None


def _steps(
    ctx: Context, recording: Path, params: Params, done: Progress | None
) -> AsyncGenerator[SpeechInfo | SpeechStep, None]:
    return ctx.engines.transcriber.transcribe(
        recording,
        SpeechOptions(**params.model_dump()),
        resume=done.info if done else None,
        from_seconds=done.done_seconds if done else 0.0,
        first_id=len(done.segments) if done else 0,
    )


async def _take(ctx: Context, done: Progress, step: SpeechStep) -> None:
    ctx.account(device_seconds=step.device_seconds, audio_seconds=max(0.0, step.done_seconds - done.done_seconds))
    done.segments.extend(step.segments)
    done.done_seconds = max(done.done_seconds, step.done_seconds)
    if step.segments:
        await ctx.emit("segment", [segment.model_dump(mode="json") for segment in step.segments])


class _Pace:
    """How fast this attempt goes, and so when it will be done."""

    def __init__(self, done: Progress) -> None:
        self._began = time.monotonic()
        self._from_seconds = done.done_seconds

    async def tell(self, ctx: Context, done: Progress) -> None:
        duration = done.info.duration_seconds
        fraction = min(1.0, done.done_seconds / duration) if duration else 1.0
        await ctx.progress(fraction, stage="transcribing", eta_seconds=self._eta_seconds(done))

    def _eta_seconds(self, done: Progress) -> float | None:
        heard = done.done_seconds - self._from_seconds
        left = max(0.0, done.info.duration_seconds - done.done_seconds)
        return left * (time.monotonic() - self._began) / heard if heard > 0 else None


class _Keeper:
    """Checkpoints, not too often: each holds the whole transcript so far, and grows with it."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._next = time.monotonic() + CHECKPOINT_SECONDS

    async def keep(self, done: Progress, *, last: bool = False) -> None:
        began = time.monotonic()
        if not last and began < self._next:
            return
        await self._ctx.checkpoint(done.model_dump(mode="json"))
        now = time.monotonic()
        self._next = now + max(CHECKPOINT_SECONDS, CHECKPOINT_SHARE * (now - began))


def _transcript(done: Progress, params: Params) -> Transcript:
    written = "en" if params.task == "translate" else done.info.language
    return Transcript(
        text=join_segments([segment.text for segment in done.segments], written),
        language=done.info.language,
        language_probability=done.info.language_probability,
        duration_seconds=done.info.duration_seconds,
        segments=done.segments,
        model=done.info.model,
    )


async def _save(ctx: Context, transcript: Transcript) -> None:
    # Laying out the cues of a three-hour recording takes about a second: not on the event loop.
    for name, (content, media_type) in (await asyncio.to_thread(_files, transcript)).items():
        await ctx.save_output(name, content.encode(), media_type)


def _files(transcript: Transcript) -> dict[str, tuple[str, str]]:
    subtitles = cues(transcript.segments, duration_seconds=transcript.duration_seconds)
    return {
        "transcript.json": (transcript.model_dump_json(), "application/json"),
        "transcript.txt": (txt(transcript.segments), "text/plain"),
        "transcript.srt": (srt(subtitles), "application/x-subrip"),
        "transcript.vtt": (vtt(subtitles), "text/vtt"),
        "transcript.tsv": (tsv(transcript.segments), "text/tab-separated-values"),
    }
