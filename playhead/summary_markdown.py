"""A summary for people, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable

from playhead.markdown import clock, one_line, plain
from playhead.summary import Summary


def markdown(summary: Summary) -> str:
    """All of it, a page of its own."""
    parts = [f"# {one_line(summary.title)}", plain(summary.summary), *key_points(summary)]
    parts += _section(
        "## Action items",
        (f"{one_line(item.task)}{f' ({one_line(item.owner)})' if item.owner else ''}" for item in summary.action_items),
    )
    parts += chapters(summary)
    parts += _section("## Quotes", (f"{_time(one.start)}“{one_line(one.text)}”" for one in summary.quotes))
    return "\n\n".join(parts) + "\n"


def key_points(summary: Summary, level: str = "##") -> list[str]:
    """Its key points under a heading of this level; nothing where there are none."""
    return _section(f"{level} Key points", (one_line(point) for point in summary.key_points))


def chapters(summary: Summary, level: str = "##") -> list[str]:
    """Its chapters under a heading of this level; nothing where there are none."""
    return _section(f"{level} Chapters", (f"{_time(one.start)}{one_line(one.title)}" for one in summary.chapters))


def _section(heading: str, items: Iterable[str]) -> list[str]:
    told = "\n".join(f"- {item}" for item in items)
    return [heading, told] if told else []


def _time(start: float | None) -> str:
    return f"{clock(start)} " if start is not None else ""
