"""Which tokens share a cue.

Every way to cut the stream of tokens is priced, and dynamic programming finds the cheapest: cues end where
sentences or clauses do, keep to the lines and seconds allowed, and stay long enough to be read. Limits are hard
as far as they can be: a cue always holds one token at least.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from playhead.subtitles.lines import LineCount
from playhead.subtitles.rules import CueRules
from playhead.subtitles.text import ends_clause, ends_sentence, width
from playhead.subtitles.tokens import Token

# Prices, by what a reader minds: a cue more, a cut in the midst of a phrase, a new sentence at a cue's tail,
# a cue that flashes by, and one that cannot be read in its time.
_CUE = 1.0
_MID_PHRASE = 2.5
_CLAUSE_END = 0.6
_PAUSE = 0.5
_INNER_SENTENCE = 0.8
_TOO_SHORT = 4.0
_TOO_FAST = 1.0

_AUDIBLE_PAUSE_SECONDS = 0.4


def group(row: Sequence[Token], rules: CueRules) -> list[Sequence[Token]]:
    """``row`` cut into cues, in order, nothing left out."""
    costs = [0.0, *[float("inf")] * len(row)]
    origins = [0] * (len(row) + 1)
    for start in range(len(row)):
        for end, inner in _reach(row, start, rules):
            cost = costs[start] + _price(row, start, end, inner, rules)
            if cost < costs[end]:
                costs[end], origins[end] = cost, start
    return [row[start:end] for start, end in _path(origins)]


def _path(origins: list[int]) -> list[tuple[int, int]]:
    cuts: list[tuple[int, int]] = []
    end = len(origins) - 1
    while end > 0:
        cuts.append((origins[end], end))
        end = origins[end]
    return cuts[::-1]


def _reach(row: Sequence[Token], start: int, rules: CueRules) -> Iterator[tuple[int, int]]:
    """Every end that a cue beginning with token ``start`` may have, and the sentences that end inside it."""
    count = LineCount(rules.max_line_chars)
    inner = 0
    for at in range(start, len(row)):
        count.add(row[at])
        if at > start and (count.lines > rules.max_lines or _parted(row, start, at, rules)):
            return
        yield at + 1, inner
        inner += ends_sentence(row[at].text)


def _parted(row: Sequence[Token], start: int, at: int, rules: CueRules) -> bool:
    """Whether token ``at`` is heard too late to share a cue with token ``start``."""
    late = row[at].end - row[start].start > rules.max_seconds
    return late or row[at].start - row[at - 1].end >= rules.pause_seconds


def _price(row: Sequence[Token], start: int, end: int, inner: int, rules: CueRules) -> float:
    return _CUE + _break_price(row, end) + _INNER_SENTENCE * inner + _reading_price(row, start, end, rules)


def _break_price(row: Sequence[Token], end: int) -> float:
    last = row[end - 1]
    if end == len(row) or ends_sentence(last.text):
        return 0.0
    if ends_clause(last.text):
        return _CLAUSE_END
    paused = row[end].start - last.end >= _AUDIBLE_PAUSE_SECONDS
    return _PAUSE if paused or last.closes else _MID_PHRASE


def _reading_price(row: Sequence[Token], start: int, end: int, rules: CueRules) -> float:
    """The price of too little time: what there is ends with the next token, or the longest that a cue may stay."""
    until = row[end].start - rules.gap_seconds if end < len(row) else float("inf")
    available = max(0.0, min(until - row[start].start, rules.max_seconds))
    needed = sum(width(token.text) + token.spaced for token in row[start:end]) / rules.chars_per_second
    short = max(0.0, 1 - available / rules.min_seconds)
    fast = max(0.0, 1 - available / needed) if needed else 0.0
    return _TOO_SHORT * short + _TOO_FAST * fast
