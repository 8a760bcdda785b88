"""Episodes as people read of them, in Markdown, and as programs do, in JSON."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from pydantic_core import to_jsonable_python

from playhead.markdown import clock, one_line, plain
from playhead.models import Episode, Feed
from playhead.summary import Summary
from playhead.summary_markdown import chapters, key_points

_UNSAFE = re.compile(r"[\s<>\\]")


@dataclass(frozen=True)
class Item:
    """An episode that is ready, and its feed; ``is_brief`` where there is no room for its summary."""

    episode: Episode
    feed: Feed
    is_brief: bool = False

    @cached_property
    def summary(self) -> Summary:
        """What was made of it."""
        return Summary.model_validate(self.episode.summary)

    @property
    def title(self) -> str:
        """The publisher's; that of the summary where there is none."""
        return self.episode.title or self.summary.title


def letter(item: Item) -> str:
    """One episode, in Markdown."""
    return _page([f"# {one_line(item.title)}", *_told(item, "##")])


def digest(title: str, items: Sequence[Item]) -> str:
    """Several episodes, in Markdown: by feed, in the order in which they are given."""
    parts, feed_id = [f"# {one_line(title)}"], None
    for item in sorted(items, key=lambda one: (one.feed.title or one.feed.url, one.feed.id)):
        if item.feed.id != feed_id:
            parts.append(f"## {one_line(item.feed.title or item.feed.url)}")
            feed_id = item.feed.id
        parts += [f"### {one_line(item.title)}", *_told(item, "####")]
    return _page(parts)


def record(item: Item) -> dict[str, Any]:
    """One episode, in JSON: itself, its feed and its summary."""
    episode, feed = item.episode, item.feed
    return {
        "episode": {
            "id": str(episode.id),
            "title": item.title,
            "link": episode.link,
            "published_at": to_jsonable_python(episode.published_at),
            "enclosure_url": episode.enclosure_url,
            "duration_seconds": episode.duration_seconds,
        },
        "feed": {"id": str(feed.id), "title": feed.title, "url": feed.url},
        "summary": None if item.is_brief else episode.summary,
    }


def _told(item: Item, level: str) -> list[str]:
    about = " · ".join(filter(None, [_date(item.episode.published_at), _length(item), _link(item)]))
    head, summary = [about] if about else [], item.summary
    if item.is_brief:
        return head
    return [*head, plain(summary.summary), *key_points(summary, level), *chapters(summary, level)]


def _date(at: datetime | None) -> str:
    return f"{at:%-d %B %Y}" if at else ""


def _length(item: Item) -> str:
    seconds = item.episode.duration_seconds or item.summary.duration_seconds
    return clock(seconds) if seconds else ""


def _link(item: Item) -> str:
    url = item.episode.link or item.episode.enclosure_url or ""
    safe = _UNSAFE.sub(lambda found: f"%{ord(found[0]):02X}", url)
    return f"[Listen](<{safe}>)" if safe.startswith(("http://", "https://")) else ""


def _page(parts: Sequence[str]) -> str:
    return "\n\n".join(parts) + "\n"
