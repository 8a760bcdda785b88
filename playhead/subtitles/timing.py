"""When a cue comes and goes. In whole milliseconds, as subtitle files have them: nothing is left to rounding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from playhead.subtitles.rules import CueRules
from playhead.subtitles.tokens import Token


@dataclass(frozen=True)
class Span:
    """From when to when, in milliseconds."""

    start: int
    end: int


def spans(groups: Sequence[Sequence[Token]], rules: CueRules, duration_seconds: float | None) -> list[Span]:
    """The time of each group: from its first word on, until it is heard and read; never two at once.

    Without a ``duration_seconds`` the last cue may stay on beyond the last word.
    """
    if not groups:
        return []
    starts = _starts(groups)
    limits = [*starts[1:], _ms(duration_seconds) if duration_seconds is not None else None]
    return [
        Span(start, _end(row, start, limit, rules, last=number == len(groups)))
        for number, (row, start, limit) in enumerate(zip(groups, starts, limits, strict=True), start=1)
    ]


def _starts(groups: Sequence[Sequence[Token]]) -> list[int]:
    """Each one later than the one before, also where a model heard two words at one moment."""
    starts: list[int] = []
    for row in groups:
        earliest = starts[-1] + 1 if starts else 0
        starts.append(max(earliest, _ms(row[0].start)))
    return starts


def _end(row: Sequence[Token], start: int, limit: int | None, rules: CueRules, *, last: bool) -> int:
    end = min(_wanted_end(row, start, rules), start + _ms(rules.max_seconds))
    if limit is None:
        return max(end, start + 1)
    if last:
        return max(start + 1, min(end, limit))
    # The pause between two cues is given up before the cue itself is.
    paused = limit - _ms(rules.gap_seconds)
    return min(end, paused) if paused > start else limit


def _wanted_end(row: Sequence[Token], start: int, rules: CueRules) -> int:
    chars = sum(token.columns + token.spaced for token in row)
    readable = start + max(_ms(rules.min_seconds), _ms(chars / rules.chars_per_second))
    return max(_ms(row[-1].end), readable)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
