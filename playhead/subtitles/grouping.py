"""Which tokens share a cue.

Every way to cut the stream of tokens is priced, and dynamic programming finds the cheapest: cues end where
sentences or clauses do, keep to the lines and seconds allowed, and stay long enough to be read. Limits are hard
as far as they can be: a cue always holds one token at least.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from playhead.subtitles.lines import LineCount
from playhead.subtitles.rules import CueRules
from playhead.subtitles.tokens import Token

# Prices, by what a reader minds: a cue more, a cut in the midst of a phrase, a new sentence at a cue's tail,
# a cue that flashes by, one that cannot be read in its time, and a long and a short one rather than two alike.
_CUE = 1.0
_MID_PHRASE = 2.5
_CLAUSE_END = 0.6
_PAUSE = 0.5
_INNER_SENTENCE = 0.8
_TOO_SHORT = 4.0
_TOO_FAST = 1.0
_EMPTY = 0.3

_AUDIBLE_SECONDS = 0.3


def group(row: Sequence[Token], rules: CueRules) -> list[Sequence[Token]]:
    """``row`` cut into cues, in order, nothing left out."""
    costs = [0.0, *[float("inf")] * len(row)]
    origins = [0] * (len(row) + 1)
    for start in range(len(row)):
        for end, price in _reach(row, start, rules):
            if costs[start] + price < costs[end]:
                costs[end], origins[end] = costs[start] + price, start
    return [row[start:end] for start, end in _path(origins)]


def _path(origins: list[int]) -> list[tuple[int, int]]:
    cuts: list[tuple[int, int]] = []
    end = len(origins) - 1
    while end > 0:
        cuts.append((origins[end], end))
        end = origins[end]
    return cuts[::-1]


def _reach(row: Sequence[Token], start: int, rules: CueRules) -> Iterator[tuple[int, float]]:
    """Every end that a cue beginning with token ``start`` may have, and its price."""
    count = LineCount(rules.max_line_chars)
    inner = columns = 0
    for at in range(start, len(row)):
        token = row[at]
        count.add(token)
        if at > start and (count.lines > rules.max_lines or _parted(row, start, at, rules)):
            return
        columns += token.columns + token.spaced
        reading = _reading_price(_available(row, start, at + 1, rules), columns, rules)
        empty = _EMPTY * (1 - columns / (rules.max_lines * rules.max_line_chars)) ** 2
        yield at + 1, _CUE + _break_price(row, at + 1) + _INNER_SENTENCE * inner + reading + empty
        inner += token.ends_sentence or _rests(row, at)


def _parted(row: Sequence[Token], start: int, at: int, rules: CueRules) -> bool:
    """Whether token ``at`` is heard too late to share a cue with token ``start``, or is said by another."""
    if row[at].speaker != row[start].speaker:
        return True
    late = row[at].end - row[start].start > rules.max_seconds
    return late or row[at].start - row[at - 1].end >= rules.pause_seconds


def _break_price(row: Sequence[Token], end: int) -> float:
    last = row[end - 1]
    if end == len(row) or last.ends_sentence or row[end].speaker != last.speaker:
        return 0.0
    if last.ends_clause:
        return _CLAUSE_END
    return _PAUSE if last.closes or _pause(row, end - 1) >= _AUDIBLE_SECONDS else _MID_PHRASE


def _rests(row: Sequence[Token], at: int) -> bool:
    """Whether the speaker rests after token ``at``, where the model, too, ended a segment: a full stop unwritten."""
    return row[at].closes and _pause(row, at) >= _AUDIBLE_SECONDS


def _pause(row: Sequence[Token], at: int) -> float:
    return row[at + 1].start - row[at].end if at + 1 < len(row) else 0.0


def _available(row: Sequence[Token], start: int, end: int, rules: CueRules) -> float:
    """Seconds that the cue may stay: until the next one, or as long as any may."""
    if end == len(row):
        return rules.max_seconds
    until = row[end].start - rules.gap_seconds
    return max(0.0, min(until - row[start].start, rules.max_seconds))


def _reading_price(available: float, columns: int, rules: CueRules) -> float:
    needed = columns / rules.chars_per_second
    short = max(0.0, 1 - available / rules.min_seconds)
    fast = max(0.0, 1 - available / needed) if needed else 0.0
    return _TOO_SHORT * short + _TOO_FAST * fast
