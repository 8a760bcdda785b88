"""Markdown, for the pages that are made from the code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """A table, in lines."""
    yield _row(columns)
    yield _row("---" for _ in columns)
    yield from map(_row, rows)


def code(text: str) -> str:
    """Text as code; nothing stays nothing."""
    return f"`{text}`" if text else ""


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"
