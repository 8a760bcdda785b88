"""Digests, as the server tells of them, and for people."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel
from rich.markdown import Markdown

from cli.listing import local_time, make_console


class DigestView(BaseModel):
    """How a digest comes."""

    cron: str
    timezone: str
    notify: dict[str, Any]
    next_at: datetime | None = None
    feed_url: str

    def at(self, server_url: str) -> Self:
        """The same, with the whole address of its feed."""
        return self.model_copy(update={"feed_url": f"{server_url.rstrip('/')}{self.feed_url}"})


class PreviewView(BaseModel):
    """What the next one would tell."""

    due_at: datetime | None = None
    title: str
    episodes: list[dict[str, Any]]
    markdown: str


def show_digest(digest: DigestView) -> None:
    """A line for each thing that can be set."""
    way, address = next(iter(digest.notify.items()))
    lines = {
        "next": local_time(digest.next_at) if digest.next_at else "paused",
        "when": f"{digest.cron} ({digest.timezone})",
        "goes to": f"{way} {address}" if way != "feed" else "its feed alone",
        "feed": digest.feed_url,
    }
    console = make_console()
    for name, value in lines.items():
        console.print(f"{name:8} {value}", markup=False, highlight=False, soft_wrap=True)


def show_preview(preview: PreviewView) -> None:
    """As mail has it."""
    console = make_console()
    if not preview.episodes:
        console.print("Nothing is new: no digest would be sent.", markup=False)
        return
    console.print(Markdown(preview.markdown, hyperlinks=False))
