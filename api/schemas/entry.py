from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from playhead.asking.inputs import Strict
from playhead.asking.text import storable
from playhead.models import AdventureEntry, File
from playhead.stories.reading import Part
from playhead.story import CHOICES, Choice, Story

Words = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(storable)]


def _told_once(value: Any, usual: ValidatorFunctionWrapHandler) -> Any:
    """Of a union, pydantic tells what is wrong with each of its types."""
    try:
        return usual(value)
    except ValidationError:
        message = f"Give a number from 1 to {CHOICES}, or the words of a choice"
        raise PydanticCustomError("choice_needed", message) from None


class DecisionRequest(Strict):
    """What is to happen next."""

    choice: Annotated[Choice | Words, WrapValidator(_told_once)] = Field(
        description="The number of a choice, from 1, or its words.", examples=[2]
    )
    entry: Annotated[int, Field(ge=1, le=2**31 - 2, strict=True)] | None = Field(
        None,
        description="The number of the entry whose choice it is; left out, the latest. With it the request is safe to "
        "repeat.",
    )


class EntryError(BaseModel):
    """Why an entry could not be written."""

    step: Literal["tell", "translate", "speak", "annotate"] | None = Field(
        description="The job that failed; null where what they made could not be used."
    )
    code: str = Field(examples=["answer_invalid"])
    message: str


class EntryOutline(BaseModel):
    """An entry in short."""

    number: int = Field(description="From 1.")
    status: Literal["pending", "complete", "error"]
    choice: int | None = Field(description="What was chosen after the entry before, by number; null for the first.")
    decision: str | None = Field(description="The same in words.")
    title: str | None = Field(description="Null until it is complete.")
    choices: list[str] = Field(description="What may be done next: three things, once it is complete.")
    error: EntryError | None
    batch_id: UUID = Field(description="The batch of jobs that made it; kept as long as any other.")
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, entry: AdventureEntry, **more: Any) -> Self:
        """The answer that shows this entry."""
        about = {name: getattr(entry, name) for name in _OF_THE_ROW}
        told = entry.story or {}  # Not validated: an adventure may have a thousand.
        error = EntryError(**entry.error) if entry.error else None
        return cls(**about, title=told.get("title"), choices=told.get("choices", []), error=error, **more)


_OF_THE_ROW = ("number", "status", "choice", "decision", "batch_id", "created_at", "finished_at")


class Sentence(BaseModel):
    """A sentence of an entry."""

    text: str
    translation: str | None = Field(description="Null where there is none.")


class Attachment(BaseModel):
    """A file that belongs to an entry. It is one of yours, kept as long as the adventure is."""

    file_id: UUID
    url: str
    media_type: str
    size_bytes: int
    duration_seconds: float | None


class Entry(EntryOutline):
    """An entry with all that belongs to it; nothing of that before it is complete."""

    text: str | None = Field(description="An empty line stands between its paragraphs.")
    sentences: list[Sentence]
    audio: Attachment | None = Field(description="The text, spoken.")
    annotation: Attachment | None = Field(
        description="Its grammar, as the kind `annotate` makes it: `annotation.json`; null where that is not known."
    )

    @classmethod
    def whole(cls, entry: AdventureEntry, files: Mapping[Part, File], path: str) -> Self:
        """The answer that shows all of it; ``path`` is its own."""
        told = Story.model_validate(entry.story) if entry.story else None
        return cls.of(
            entry,
            text=told.text if told else None,
            sentences=_sentences(told.sentences if told else [], entry.translation),
            audio=_attached(files.get("audio"), f"{path}/audio"),
            annotation=_attached(files.get("annotation"), f"{path}/annotation"),
        )


def _sentences(texts: Sequence[str], translation: Sequence[str] | None) -> list[Sentence]:
    others = translation or [""] * len(texts)
    return [Sentence(text=text, translation=other or None) for text, other in zip(texts, others, strict=True)]


def _attached(file: File | None, url: str) -> Attachment | None:
    if file is None:
        return None
    about = {name: getattr(file, name) for name in ("media_type", "size_bytes", "duration_seconds")}
    return Attachment(file_id=file.id, url=url, **about)
