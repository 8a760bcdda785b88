"""A recording goes in, subtitles come out: laid out by rules that the request may set."""

from __future__ import annotations

import asyncio
from typing import Literal, Self

from pydantic import BaseModel, Field, model_validator

from playhead.engines import SpeechOptions
from playhead.hearing import HearingParams, SpeakersParams, hear_speakers
from playhead.kind import Context, Kind
from playhead.subtitles import CueRules, cues, srt, vtt
from playhead.subtitles.writers import named
from playhead.transcript import SpeakerTime, Transcript, is_none


class Params(CueRules, SpeakersParams, HearingParams):
    """What the subtitles are to be like. Every field may be left out."""

    format: Literal["srt", "vtt"] = Field("srt", description="SubRip or WebVTT.")

    @model_validator(mode="after")
    def _shortest_below_longest(self) -> Self:
        if self.min_seconds > self.max_seconds:
            message = "min_seconds is larger than max_seconds"
            raise ValueError(message)
        return self

    @property
    def rules(self) -> CueRules:
        """The rules among them."""
        return CueRules(**self.model_dump(include=set(CueRules.model_fields)))

    @property
    def speech(self) -> SpeechOptions:
        """What the transcriber is asked for; words are always timed, since cues begin and end with them."""
        return SpeechOptions(**self.model_dump(include=set(HearingParams.model_fields)), word_timestamps=True)


class Result(BaseModel):
    """What came out."""

    cues: int = Field(ge=0, description="How many cues there are; 0 where nobody speaks.")
    language: str = Field(description="ISO 639-1 code of the language that the cues are in.")
    spoken_language: str | None = Field(
        None,
        description="That of the recording, where the cues are a translation of it.",
        exclude_if=is_none,
    )
    language_probability: float = Field(description="How sure the model is of the language spoken.")
    duration_seconds: float
    model: str
    speakers: list[SpeakerTime] | None = Field(
        None,
        description="Everyone who speaks, by appearance, where that was asked for.",
        exclude_if=is_none,
    )


async def generate_srt(ctx: Context, params: Params) -> Result:
    """Transcribe the job's input and store it as subtitles. Tells watchers of each segment as it is decoded."""
    transcript = await hear_speakers(ctx, params.speech, params.speakers)
    await ctx.progress(1.0, stage="writing")
    # Laying out the cues of a three-hour recording takes about a second: not on the event loop.
    count, content = await asyncio.to_thread(_subtitles, transcript, params)
    await ctx.save_output(_name(params), content.encode(), _MEDIA_TYPES[params.format])
    return Result(cues=count, **transcript.model_dump(include={*Result.model_fields}))


_MEDIA_TYPES = {"srt": "application/x-subrip", "vtt": "text/vtt"}


def _name(params: Params) -> str:
    return f"subtitles.{params.format}"


KIND = Kind(
    name="generate_srt",
    queue="gpu",
    summary="Speech to subtitles (SRT or WebVTT), by your rules for lines, reading speed and gaps.",
    params=Params,
    result=Result,
    run=generate_srt,
    accepts=frozenset({"media"}),
    makes=lambda params: {_name(params): "subtitles"},
    cached_by=lambda params, settings: settings.speech.deciding(params.model),
)


def _subtitles(transcript: Transcript, params: Params) -> tuple[int, str]:
    laid = cues(transcript.segments, _rules(transcript, params), duration_seconds=transcript.duration_seconds)
    return len(laid), (srt if params.format == "srt" else vtt)(laid)


def _rules(transcript: Transcript, params: Params) -> CueRules:
    """The rules, with room on the line for a speaker's name where SRT writes one."""
    names = [named(one.name, "") for one in transcript.speakers or []] if params.format == "srt" else []
    longest = params.max_line_chars - max(map(len, names), default=0)
    return params.rules.model_copy(update={"max_line_chars": max(1, longest)})
