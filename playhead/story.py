"""What a story is: its latest entry, and what it remembers of all before. Its size does not grow with its length."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from playhead.languages import join_segments

CHOICES = 3
Level = Literal["A1", "A2", "B1", "B2", "C1", "C2"]
"""Of the Common European Framework of Reference for Languages."""
LEVELS: tuple[Level, ...] = get_args(Level)
Choice = Annotated[int, Field(ge=1, le=CHOICES, strict=True)]
"""The number of a choice, from 1."""


class Memory(BaseModel):
    """What happened in a story, in short."""

    model_config = ConfigDict(frozen=True)

    early: str = Field("", description="What happened long ago, condensed again and again.")
    lately: list[str] = Field(
        default_factory=list, max_length=50, description="What was chosen and what happened, an entry a line."
    )


class Story(BaseModel):
    """A story as far as it is told."""

    model_config = ConfigDict(frozen=True)

    number: int = Field(ge=1, description="Of its latest entry, from 1.")
    theme: str
    language: str = Field(description="ISO 639-1 code.")
    level: Level
    title: str = Field(description="Of the latest entry, as all that follows.")
    paragraphs: list[list[str]] = Field(min_length=1, description="The text: paragraphs of sentences.")
    choices: list[str] = Field(min_length=CHOICES, max_length=CHOICES, description="What may be done next.")
    memory: Memory
    model: str

    @property
    def sentences(self) -> list[str]:
        """Those of all paragraphs."""
        return [sentence for paragraph in self.paragraphs for sentence in paragraph]

    @property
    def text(self) -> str:
        """The text for people: an empty line between paragraphs."""
        return "\n\n".join(join_segments(paragraph, self.language) for paragraph in self.paragraphs)

    @property
    def lines(self) -> str:
        """The text with a sentence on each line: so it is translated sentence by sentence."""
        return "\n\n".join("\n".join(paragraph) for paragraph in self.paragraphs) + "\n"
