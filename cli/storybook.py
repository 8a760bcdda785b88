"""Adventures and their entries, as the server tells of them, and for people to read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from pydantic import BaseModel
from rich.markup import escape

from cli.listing import local_time, make_console, show_table, tell_more

COLORS = {"active": "green", "error": "red"}


class EntryErrorView(BaseModel):
    """Why an entry could not be written."""

    step: str | None = None
    code: str
    message: str


class AdventureView(BaseModel):
    """A story, and how far it is."""

    id: str
    title: str | None = None
    theme: str
    status: str
    error: EntryErrorView | None = None
    latest: int
    language: str
    level: str
    created_at: datetime


class AdventurePageView(BaseModel):
    """Some adventures; ``next_cursor`` leads to the rest."""

    items: list[AdventureView]
    next_cursor: str | None = None


class SentenceView(BaseModel):
    """A sentence, and its translation where there is one."""

    text: str
    translation: str | None = None


class AttachmentView(BaseModel):
    """A file of an entry."""

    url: str


class EntryView(BaseModel):
    """An entry."""

    number: int
    status: str
    decision: str | None = None
    title: str | None = None
    text: str | None = None
    sentences: list[SentenceView] = []
    choices: list[str] = []
    audio: AttachmentView | None = None


def show_adventures(page: AdventurePageView) -> None:
    """A line per adventure."""
    rows = [
        (one.id, _status(one), str(one.latest), one.language, one.level, local_time(one.created_at), _name(one))
        for one in page.items
    ]
    show_table(("ADVENTURE", "STATUS", "ENTRY", "LANGUAGE", "LEVEL", "CREATED", "TITLE"), rows)
    tell_more(page.next_cursor)


def show_entry(adventure: AdventureView, entry: EntryView) -> None:
    """How far the story is, and an entry of it."""
    console = make_console()
    for line in _lines(adventure, entry):
        console.print(line)


def _lines(adventure: AdventureView, entry: EntryView) -> Iterator[str]:
    yield f"{_status(adventure)}{f': {escape(_told(adventure.error))}' if adventure.error else ''}"
    if entry.text is None:
        return
    yield f"\n[bold]{entry.number}. {escape(entry.title or '')}[/bold]\n\n{escape(entry.text)}\n"
    yield from (
        f"[dim]{escape(one.text)}[/dim]\n  {escape(one.translation)}" for one in entry.sentences if one.translation
    )
    yield from (f"{number}: {escape(choice)}" for number, choice in enumerate(entry.choices, start=1))
    if entry.audio:
        yield f"[dim]audio: {entry.audio.url}[/dim]"


def _status(adventure: AdventureView) -> str:
    color = COLORS.get(adventure.status, "default")
    return f"[{color}]{escape(adventure.status)}[/{color}]"


def _told(error: EntryErrorView) -> str:
    return f"{error.step or 'entry'} failed with {error.code}: {error.message}"


def _name(adventure: AdventureView) -> str:
    return escape(adventure.title or adventure.theme)
