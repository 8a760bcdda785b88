from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from playhead.subtitles.grouping import group
from playhead.subtitles.lines import lines
from playhead.subtitles.rules import CueRules
from playhead.subtitles.timing import spans
from playhead.subtitles.tokens import tokens
from playhead.transcript import Segment

STANDARD = CueRules()


@dataclass(frozen=True)
class Cue:
    """What stands on the screen for a while.

    Attributes:
        start_ms, end_ms: from when to when, in milliseconds from the start of the recording.
        lines: the text, top line first; never empty.
        speaker: who says it, where that is known.
    """

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]
    speaker: str | None = None


def cues(
    segments: Iterable[Segment], rules: CueRules = STANDARD, *, duration_seconds: float | None = None
) -> list[Cue]:
    """The subtitles of a transcript, in order, none overlapping another, no text lost.

    Each is said by one speaker, where the segments tell who speaks.

    Times come from the words of the segments where they have any, else in proportion to the text. Limits of
    ``rules`` give way only where the speech leaves no choice. ``duration_seconds`` of the recording keeps the
    last cue within it.
    """
    groups = group(tokens(segments, rules.max_line_chars), rules)
    return [
        Cue(span.start, span.end, tuple(lines(row, rules.max_line_chars)), row[0].speaker)
        for row, span in zip(groups, spans(groups, rules, duration_seconds), strict=True)
    ]
