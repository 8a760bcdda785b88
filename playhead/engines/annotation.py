"""Grammar of a text: what is asked of an annotator."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field


class Token(BaseModel):
    """One word or sign."""

    model_config = ConfigDict(frozen=True)

    text: str
    start: int = Field(description="Offset in the text, in Unicode characters.")
    end: int = Field(description="Offset after its last character.")
    lemma: str
    pos: str | None = Field(description="Universal part of speech, e.g. `NOUN`; null where no model knows.")
    tag: str | None = Field(description="Fine part of speech of the language's own treebank; null likewise.")


class Entity(BaseModel):
    """A name, date, sum or the like."""

    model_config = ConfigDict(frozen=True)

    text: str
    start: int
    end: int
    label: str = Field(description="As the language's model names it, e.g. `PERSON`.")


class Sentence(BaseModel):
    """One sentence, its offsets those of the whole text."""

    model_config = ConfigDict(frozen=True)

    text: str
    start: int
    end: int
    tokens: list[Token]
    entities: list[Entity]


class AnnotationStep(BaseModel):
    """Some more sentences."""

    model_config = ConfigDict(frozen=True)

    sentences: list[Sentence]
    done: int = Field(description="So many characters of the text are done.")
    model: str = Field(description="What found them: the name of a spaCy model, or `simplemma`.")


class Annotator(Protocol):
    """Text to grammar."""

    def languages(self) -> Sequence[str]:
        """ISO 639-1 codes of the languages it knows."""
        ...

    async def guess(self, text: str) -> str | None:
        """The language of a text, as an ISO 639-1 code; None where it is not sure.

        Raises:
            EngineCrashedError, EngineDiedError: as :meth:`annotate`.
        """
        ...

    def annotate(self, text: str, language: str) -> AsyncGenerator[AnnotationStep, None]:
        """Annotate a text, in its order and bit by bit. Closing the iterator stops the work.

        Sentences never reach over an empty line. White space is in no token.

        Raises:
            InvalidError: the language is not known; field `params.language` (permanent).
            TooLargeError: the text is longer than the settings allow (permanent).
            ModelUnavailableError: the settings name a model that is not installed (permanent).
            EngineCrashedError, EngineDiedError: as :class:`~playhead.engines.speech.Transcriber`'s.
        """
        ...
