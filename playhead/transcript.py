"""What a transcription is made of. Times are seconds from the start of the recording, as floats."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


def is_none(value: object) -> bool:
    """For fields that are left out where there is nothing to say."""
    return value is None


class Word(BaseModel):
    """One word as it was spoken."""

    model_config = ConfigDict(frozen=True)

    start: float
    end: float
    text: str = Field(description="The word without the space before it.")
    probability: float
    speaker: str | None = Field(None, description="Who said it, where that was asked for.", exclude_if=is_none)


class Segment(BaseModel):
    """A stretch of speech, about a sentence long."""

    model_config = ConfigDict(frozen=True)

    id: int = Field(description="Number within the transcript, from 0.")
    start: float
    end: float
    text: str
    avg_logprob: float
    no_speech_prob: float
    compression_ratio: float
    temperature: float
    words: list[Word] | None = None
    speaker: str | None = Field(None, description="Who said it, where that was asked for.", exclude_if=is_none)


class SpeakerTime(BaseModel):
    """One voice of a recording."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(description="`S1` is whoever spoke first.")
    seconds: float = Field(description="How long it speaks.")


class Transcript(BaseModel):
    """A whole recording in words."""

    text: str
    language: str = Field(description="Of the text: ISO 639-1 code, e.g. `en`; `und` where nobody speaks.")
    spoken_language: str | None = Field(
        None, description="Of the recording, where the text is a translation of it.", exclude_if=is_none
    )
    language_probability: float = Field(description="How sure the model is of the language spoken.")
    duration_seconds: float
    segments: list[Segment]
    model: str
    speakers: list[SpeakerTime] | None = Field(
        None, description="Everyone who speaks, by appearance, where that was asked for.", exclude_if=is_none
    )
