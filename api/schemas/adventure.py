from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from api.schemas.entry import EntryError, EntryOutline
from api.schemas.listing import NextCursor
from playhead.asking.inputs import Strict
from playhead.asking.text import storable
from playhead.documents import BYTE_ORDER_MARK
from playhead.languages import Language, Variant
from playhead.rewriting.checks import speaks
from playhead.stories.reading import AdventureView, Status
from playhead.story import Level


def _plain(theme: str) -> str:
    theme = theme.removeprefix(BYTE_ORDER_MARK).strip()
    if not speaks(theme) or theme.startswith("{"):
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
        description="Whether to add the grammar of each entry, where it is known for the language: see the kind "
        "`annotate`.",
    )


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
    next_cursor: NextCursor
