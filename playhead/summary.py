"""What a summary is made of. Times are seconds from the start of the recording; null in a text that has none."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Chapter(BaseModel):
    """What a stretch of the recording is about."""

    model_config = ConfigDict(frozen=True)

    title: str
    start: float | None = Field(description="Where its first passage starts.")
    end: float | None = Field(description="Where its last passage ends.")
    passage: int = Field(description="Number of its first passage: a segment, cue or paragraph of the input, from 0.")


class ActionItem(BaseModel):
    """Something that somebody is to do."""

    model_config = ConfigDict(frozen=True)

    task: str
    owner: str | None = Field(description="Who is to do it; null where nobody was named.")


class Quote(BaseModel):
    """Words that stand in the input exactly so."""

    model_config = ConfigDict(frozen=True)

    text: str
    start: float | None = Field(description="Where the passage starts in which it begins.")
    end: float | None = Field(description="Where the passage ends in which it ends.")
    passage: int = Field(description="Number of the passage in which it begins.")


class Summary(BaseModel):
    """A recording or text in short."""

    title: str
    summary: str
    key_points: list[str]
    action_items: list[ActionItem]
    chapters: list[Chapter] = Field(description="By start, each after the one before; the first at the beginning.")
    quotes: list[Quote] = Field(description="By start; each one found in the input.")
    quotes_dropped: int = Field(description="Quotes of the model that stand nowhere in the input.")
    language: str | None = Field(description="ISO 639-1 code; null where neither the job nor its input told one.")
    duration_seconds: float | None = Field(description="Of what was summarised, as far as it has times.")
    windows: int = Field(description="Parts that the input was read in, to fit into the model's context.")
    model: str
