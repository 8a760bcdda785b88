"""Tokens on lines: how many they need, and where the breaks read best."""

from __future__ import annotations

from collections.abc import Sequence

from playhead.subtitles.text import ends_clause, ends_sentence, width
from playhead.subtitles.tokens import Token

# What a break in the midst of a clause costs, against lines of unequal length.
_MID_CLAUSE = 0.15


class LineCount:
    """How many lines a growing row of tokens needs, filled one by one."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._column = 0
        self.lines = 1

    def add(self, token: Token) -> None:
        """Put ``token`` on the line, or on the next one where it does not fit."""
        wide = width(token.text)
        needed = wide + (token.spaced and self._column > 0)
        if self._column + needed <= self._longest:
            self._column += needed
        else:
            self.lines += 1
            self._column = wide


def lines(row: Sequence[Token], longest: int) -> list[str]:
    """``row`` as the fewest lines of at most ``longest`` columns, of about one length, broken at clause ends."""
    count = LineCount(longest)
    for token in row:
        count.add(token)
    return _best(row, longest, count.lines)


def _best(row: Sequence[Token], longest: int, count: int) -> list[str]:
    """Dynamic programming over (tokens placed, lines used): the cheapest way to break ``row`` into ``count`` lines."""
    ways: dict[int, tuple[float, list[str]]] = {0: (0.0, [])}
    for _ in range(count):
        following: dict[int, tuple[float, list[str]]] = {}
        for start, (cost, above) in ways.items():
            for end, text in _single_lines(row, start, longest):
                total = cost + _price(row, end, text, longest)
                if end not in following or total < following[end][0]:
                    following[end] = (total, [*above, text])
        ways = following
    return ways[len(row)][1]


def _single_lines(row: Sequence[Token], start: int, longest: int) -> list[tuple[int, str]]:
    """Every line that may begin with token ``start``: the number of the token after it, and its text."""
    found: list[tuple[int, str]] = []
    text = ""
    for end in range(start, len(row)):
        text = f"{text} {row[end].text}" if text and row[end].spaced else text + row[end].text
        if found and width(text) > longest:
            break
        found.append((end + 1, text))
    return found


def _price(row: Sequence[Token], end: int, text: str, longest: int) -> float:
    fill: float = (width(text) / longest) ** 2
    natural = end == len(row) or ends_clause(row[end - 1].text) or ends_sentence(row[end - 1].text)
    return fill if natural else fill + _MID_CLAUSE
