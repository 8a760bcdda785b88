"""Where lines break so that they read best."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate

from playhead.subtitles.tokens import Token

# What a break in the midst of a clause costs, against lines of unequal length.
_MID_CLAUSE = 0.15


def breaks(row: Sequence[Token], longest: int, count: int) -> list[int]:
    """The ends of ``count`` lines, by dynamic programming over (lines used, tokens placed): the cheapest way."""
    measured = _Measured(row, longest)
    costs, origins = {0: 0.0}, list[dict[int, int]]()
    for ends in measured.ends(count):
        following, froms = dict[int, float](), dict[int, int]()
        for start, cost in costs.items():
            for end, columns in measured.lines(start, ends):
                total = cost + _price(row, end, columns / longest)
                if end not in following or total < following[end]:
                    following[end], froms[end] = total, start
        costs = following
        origins.append(froms)
    return _path(origins, len(row))


def _path(origins: Sequence[Mapping[int, int]], end: int) -> list[int]:
    """The ends of all lines, from where each way to an end came, line by line."""
    path = list[int]()
    for froms in reversed(origins):
        path.append(end)
        end = froms[end]
    return path[::-1]


def _price(row: Sequence[Token], end: int, fill: float) -> float:
    last = row[end - 1]
    natural = end == len(row) or last.ends_clause or last.ends_sentence or last.closes
    return fill**2 if natural else fill**2 + _MID_CLAUSE


class _Measured:
    """A row whose lines are measured in one step each.

    A line holds at most ``longest`` columns, or a single token however wide.
    """

    def __init__(self, row: Sequence[Token], longest: int) -> None:
        self._row, self._longest = row, longest
        self._before = [0, *accumulate(token.columns + token.spaced for token in row)]

    def lines(self, start: int, ends: range) -> Iterator[tuple[int, int]]:
        """Every line of the tokens from ``start`` to one of these ends, and its columns."""
        for end in range(max(start + 1, ends.start), ends.stop):
            if not self._fits(start, end):
                return
            yield end, self._columns(start, end)

    def ends(self, count: int) -> list[range]:
        """Where each of ``count`` lines may end so that those before it hold what is before, and those after the rest.

        No others are priced: a text as long as a book would take its square. If there are no more lines than needed,
        all the ranges together are as long as the row.
        """
        first, last = [len(self._row)], [0]
        for lines in range(1, count):
            first.append(max(self._earliest(first[-1]), count - lines))
            last.append(min(self._latest(last[-1]), len(self._row) - count + lines))
        return [range(least, most + 1) for least, most in zip(first[::-1], [*last[1:], len(self._row)], strict=True)]

    def _latest(self, start: int) -> int:
        """The furthest end of a line from ``start``."""
        end = start + 1
        while end < len(self._row) and self._fits(start, end + 1):
            end += 1
        return end

    def _earliest(self, end: int) -> int:
        """The first start of a line to ``end``."""
        start = end - 1
        while start > 0 and self._fits(start - 1, end):
            start -= 1
        return start

    def _fits(self, start: int, end: int) -> bool:
        return end == start + 1 or self._columns(start, end) <= self._longest

    def _columns(self, start: int, end: int) -> int:
        return self._before[end] - self._before[start] - self._row[start].spaced
