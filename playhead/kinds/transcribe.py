"""The main job: a recording goes in, a transcript comes out."""

from __future__ import annotations

import asyncio
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from playhead.engines import SpeechOptions
from playhead.hearing import HearingParams, hear
from playhead.kind import Context, Kind
from playhead.speakers import with_speakers
from playhead.subtitles import cues, srt, tsv, txt, vtt
from playhead.transcript import Transcript


class Speakers(BaseModel):
    """How many voices there are, where somebody knows."""

    model_config = ConfigDict(extra="forbid")

    min: int | None = Field(None, ge=1, le=9, description="At least so many, as far as they can be told apart.")
    max: int | None = Field(None, ge=1, le=100, description="No more than so many.")

    @model_validator(mode="after")
    def _min_below_max(self) -> Self:
        if self.min and self.max and self.min > self.max:
            message = "min is larger than max"
            raise ValueError(message)
        return self


class Params(HearingParams):
    """How a recording is to be transcribed. Every field may be left out."""

    word_timestamps: bool = Field(
        default=True, description="Time every word: needed for subtitles that keep time within a sentence."
    )
    speakers: bool | Speakers = Field(
        default=False,
        description='Say who speaks when: `true`, or bounds such as `{"min": 2, "max": 4}`. Words are then timed '
        "in any case. Needs the extra `speakers` on the worker.",
    )

    @property
    def speech(self) -> SpeechOptions:
        """What the transcriber is asked for."""
        asked = self.model_dump(include=set(SpeechOptions.model_fields))
        return SpeechOptions(**asked | {"word_timestamps": self.word_timestamps or bool(self.speakers)})


async def transcribe(ctx: Context, params: Params) -> Transcript:
    """Transcribe the job's input; store the transcript as JSON, plain text, TSV and subtitles."""
    if params.speakers:
        ctx.engines.diarizer.require()  # Before hours of work that would come to nothing.
    transcript = await hear(ctx, params.speech)
    if params.speakers:
        transcript = await _diarized(ctx, transcript, params.speakers)
    await ctx.progress(1.0, stage="writing")
    await _save(ctx, transcript)
    return transcript


KIND = Kind(
    name="transcribe",
    queue="gpu",
    summary="Speech to text: transcript, subtitles, word times.",
    params=Params,
    result=Transcript,
    run=transcribe,
    accepts=frozenset({"media"}),
    makes=lambda _: {
        "transcript.json": "transcript",
        "transcript.txt": "text",
        "transcript.srt": "subtitles",
        "transcript.vtt": "subtitles",
        "transcript.tsv": "text",
    },
)


async def _diarized(ctx: Context, transcript: Transcript, speakers: Speakers | Literal[True]) -> Transcript:
    await ctx.progress(1.0, stage="diarizing")
    bounds = Speakers() if speakers is True else speakers
    turns = await ctx.engines.diarizer.diarize(await ctx.input(), minimum=bounds.min, maximum=bounds.max)
    return await asyncio.to_thread(with_speakers, transcript, turns)


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
