"""Tokens on lines: how many they need, and where the breaks read best."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from playhead.subtitles.tokens import Token

# What a break in the midst of a clause costs, against lines of unequal length.
_MID_CLAUSE = 0.15


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
    breaks = [0, *_breaks(row, longest, max(count.lines, min(least, len(row))))]
    return [_text(row[start:end]) for start, end in pairwise(breaks)]


def _breaks(row: Sequence[Token], longest: int, count: int) -> list[int]:
    """The ends of ``count`` lines, by dynamic programming over (lines used, tokens placed): the cheapest way."""
    ways: dict[int, tuple[float, list[int]]] = {0: (0.0, [])}
    for _ in range(count):
        following: dict[int, tuple[float, list[int]]] = {}
        for start, (cost, before) in ways.items():
            for end, columns in _single_lines(row, start, longest):
                total = cost + _price(row, end, columns / longest)
                if end not in following or total < following[end][0]:
                    following[end] = (total, [*before, end])
        ways = following
    return ways[len(row)][1]


def _single_lines(row: Sequence[Token], start: int, longest: int) -> Iterator[tuple[int, int]]:
    """Every line that may begin with token ``start``: the number of the token after it, and its columns."""
    columns = 0
    for at in range(start, len(row)):
        columns += row[at].columns + (row[at].spaced and at > start)
        if at > start and columns > longest:
            return
        yield at + 1, columns


def _price(row: Sequence[Token], end: int, fill: float) -> float:
    last = row[end - 1]
    natural = end == len(row) or last.ends_clause or last.ends_sentence or last.closes
    return fill**2 if natural else fill**2 + _MID_CLAUSE


def _text(row: Sequence[Token]) -> str:
    return "".join(f" {token.text}" if token.spaced and at else token.text for at, token in enumerate(row))
