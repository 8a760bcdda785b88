"""Tokens on lines: how many they need, and what stands on each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from playhead.subtitles.breaks import breaks
from playhead.subtitles.tokens import Token


class LineCount:
    """How many lines a growing row of tokens needs, filled one by one."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._column: int | None = None
        self.lines = 1

    def add(self, token: Token) -> None:
        """Put ``token`` on the line, or on the next one where it does not fit."""
        if self._column is None:
            self._column = token.columns
            return
        self._column += token.columns + token.spaced
        if self._column > self._longest:
            self.lines += 1
            self._column = token.columns


def lines(row: Sequence[Token], longest: int, least: int = 1) -> list[str]:
    """``row`` as the fewest lines of at most ``longest`` columns, of about one length, broken at clause ends.

    As ``least`` lines, if there are words for so many.
    """
    count = LineCount(longest)
    for token in row:
        count.add(token)
    ends = breaks(row, longest, max(count.lines, min(least, len(row))))
    return [_text(row[start:end]) for start, end in pairwise([0, *ends])]


def _text(row: Sequence[Token]) -> str:
    return "".join(f" {token.text}" if token.spaced and at else token.text for at, token in enumerate(row))
