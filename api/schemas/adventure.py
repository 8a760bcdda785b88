from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from playhead.asking.inputs import Strict
from playhead.asking.text import storable
from playhead.languages import Language, Variant
from playhead.models import AdventureEntry, File
from playhead.stories.reading import AdventureView, Part, Status
from playhead.story import Choice, Level, Story


def _plain(theme: str) -> str:
    if theme.startswith("{"):
        message = "write the theme in plain words: what begins with a brace is taken for data"
        raise ValueError(message)
    return theme


Line = StringConstraints(min_length=1, max_length=200, strip_whitespace=True)
Name = Annotated[str, Line, AfterValidator(storable)]
Theme = Annotated[
    str,
    StringConstraints(min_length=1, max_length=1000, strip_whitespace=True),
    AfterValidator(storable),
    AfterValidator(_plain),
]
Voice = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(storable)]

_LANGUAGE = "Language of the story, as an ISO 639-1 code."
_LEVEL = "Level of its reader, of the Common European Framework."
_NATIVE = "Language that each sentence is translated into: an ISO 639-1 code, or a variant such as `pt-BR`."
_TITLE = "Yours to choose."
_MODEL = "Language model that writes, instead of the server's."
_VOICE = "Voice that speaks, as the kind `speak` knows it; left out, the usual one for the language."


class AdventureRequest(Strict):
    """A story to be begun."""

    language: Language = Field(description=_LANGUAGE, examples=["es"])
    level: Level = Field(description=_LEVEL)
    native_language: Variant | None = Field(
        None, description=f"{_NATIVE} Left out, nothing is translated.", examples=["en"]
    )
    theme: Theme = Field(description="What it is about.", examples=["A lighthouse keeper finds a map in a bottle."])
    title: Name | None = Field(None, description=_TITLE)
    voice: Voice | None = Field(None, description=_VOICE)
    model: Name | None = Field(None, description=_MODEL)
    annotated: bool = Field(
        default=True,
        strict=True,
        description="Whether to add the grammar of each entry. Not every language can be: see the kind `annotate`.",
    )


class DecisionRequest(Strict):
    """What is to happen next."""

    choice: Choice | Name = Field(description="The number of a choice, from 1, or its words.", examples=[2])
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
        told = Story.model_validate(entry.story) if entry.story else None
        about = {name: getattr(entry, name) for name in _OF_THE_ROW}
        title, choices = (told.title, told.choices) if told else (None, [])
        error = EntryError(**entry.error) if entry.error else None
        return cls(**about, title=title, choices=choices, error=error, **more)


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
        description="Its grammar, as the kind `annotate` makes it: `annotation.json`."
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


class AdventureOutline(BaseModel):
    """A story, and how far it is."""

    id: UUID
    title: str | None = Field(description=_TITLE)
    status: Status = Field(
        description="`awaiting_first_entry`, then `active` whenever the latest entry is complete and a decision is "
        "awaited, `awaiting_entry` while the next one is written, `error` when it could not be."
    )
    error: EntryError | None = Field(description="Why the latest entry could not be written.")
    latest: int = Field(description="The number of its latest entry.")
    language: str = Field(description=_LANGUAGE)
    level: Level = Field(description=_LEVEL)
    native_language: str | None = Field(description=_NATIVE)
    theme: str
    voice: str | None = Field(description=_VOICE)
    model: str | None = Field(description=_MODEL)
    annotated: bool
    created_at: datetime

    @classmethod
    def of(cls, view: AdventureView, **more: Any) -> Self:
        """The answer that shows this adventure."""
        about = {name: getattr(view.adventure, name) for name in _OF_THE_ADVENTURE}
        error = EntryError(**view.error) if view.error else None
        return cls(**about, status=view.status, error=error, latest=view.latest.number, **more)


_OF_THE_ADVENTURE = (
    *("id", "title", "language", "level", "native_language", "theme", "voice", "model", "annotated", "created_at"),
)


class Adventure(AdventureOutline):
    """A story with its entries."""

    entries: list[EntryOutline] = Field(description="From the first.")


class AdventurePage(BaseModel):
    """Some adventures, the newest first."""

    items: list[AdventureOutline]
    next_cursor: str | None = Field(description="Give it as `cursor` for the following page; null at the end.")
