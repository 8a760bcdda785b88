"""Feeds that somebody subscribes to, and their episodes, as the server tells of them, and in tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from rich.markup import escape

from cli.board import clock
from cli.listing import local_time, show_table, tell_more
from cli.views import ErrorView


class FeedView(BaseModel):
    """A feed."""

    id: str
    url: str
    title: str | None = None
    polled_at: datetime | None = None
    next_poll_at: datetime | None = None
    error: ErrorView | None = None


class SubscriptionView(BaseModel):
    """That somebody wants to be told of a feed's episodes."""

    id: str
    feed: FeedView
    keywords: list[str] = []
    newest: int | None = None
    notify: dict[str, Any] = {}


class SubscriptionPageView(BaseModel):
    """Some subscriptions; ``next_cursor`` leads to the rest."""

    items: list[SubscriptionView]
    next_cursor: str | None = None


class EpisodeView(BaseModel):
    """An episode."""

    id: str
    title: str | None = None
    published_at: datetime | None = None
    duration_seconds: float | None = None
    state: str
    error: ErrorView | None = None


class EpisodePageView(BaseModel):
    """Some episodes; ``next_cursor`` leads to the rest."""

    items: list[EpisodeView]
    next_cursor: str | None = None


class ImportedView(BaseModel):
    """What became of a feed in a list."""

    line: int
    url: str
    outcome: str
    error: ErrorView | None = None


class ImportView(BaseModel):
    """What became of all of them."""

    subscribed: int
    items: list[ImportedView]


def show_subscriptions(page: SubscriptionPageView) -> None:
    """A line per subscription."""
    rows = [(one.id, _told(one.notify), escape(", ".join(one.keywords)), _polled(one.feed)) for one in page.items]
    names = [escape(one.feed.title or one.feed.url) for one in page.items]
    show_table(
        ("SUBSCRIPTION", "TOLD BY", "KEYWORDS", "ASKED", "FEED"),
        [(*row, name) for row, name in zip(rows, names, strict=True)],
    )
    tell_more(page.next_cursor)


def show_episodes(page: EpisodePageView) -> None:
    """A line per episode."""
    rows = [(one.id, local_time(one.published_at), _length(one), one.state, _named(one)) for one in page.items]
    show_table(("EPISODE", "PUBLISHED", "LENGTH", "STATE", "TITLE"), rows)
    tell_more(page.next_cursor)


def show_import(items: Sequence[ImportedView]) -> None:
    """A line per feed of a list."""
    rows = [(str(one.line), one.outcome, escape(_why(one))) for one in items]
    show_table(("LINE", "OUTCOME", "FEED"), rows)


def _told(notify: dict[str, Any]) -> str:
    return escape(str(notify.get("mail") or notify.get("webhook") or "digest"))


def _polled(feed: FeedView) -> str:
    if feed.error:
        return f"[red]{escape(feed.error.code)}[/red]"
    return local_time(feed.polled_at) or "not yet"


def _length(episode: EpisodeView) -> str:
    return "" if episode.duration_seconds is None else clock(episode.duration_seconds)


def _named(episode: EpisodeView) -> str:
    title = escape(episode.title or "")
    return f"{title} [red]{escape(episode.error.code)}[/red]" if episode.error else title


def _why(one: ImportedView) -> str:
    return f"{one.url}: {one.error.message}" if one.error else one.url
