"""What a worker asks of its annotation engine, and what that replies."""

from __future__ import annotations

from pydantic import BaseModel

from playhead.engines import Sentence


class Bit(BaseModel):
    """Part of a text that is annotated by itself; ``start`` is where it begins in the whole."""

    text: str
    start: int = 0


class Task(BaseModel):
    """Annotate some bits of a text, or say its language.

    Attributes:
        language: as simplemma or spaCy names it; None asks for a guess, one of ``languages``.
        model: name or folder of a spaCy model; None asks for simplemma.
    """

    bits: list[Bit]
    language: str | None = None
    model: str | None = None
    languages: list[str] = []


class Annotated(BaseModel):
    """The answer to it.

    Attributes:
        language: what was guessed, where that was asked for and is sure.
    """

    sentences: list[Sentence] = []
    language: str | None = None
    model: str = ""
