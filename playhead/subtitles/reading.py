"""Subtitles read for what they say: the words of each cue with its times, and who says them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from playhead.subtitles.blocks import split
from playhead.subtitles.markup import plain, voices

_STAMP = r"-?(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})(?:[.,:](\d{1,9}))?"
_TIMES = re.compile(rf"\s*(?:\d{{1,9}}[ \t]+)?{_STAMP}[ \t]*-->[ \t]*{_STAMP}(?=\s|\Z)")
_LINE_END = re.compile(r"[\r\n]")


@dataclass(frozen=True)
class Caption:
    """What a cue says.

    Attributes:
        start, end: seconds.
        text: in one line, without any markup; never empty.
        speaker: whose voice all of it is in, where WebVTT tells that.
    """

    start: float
    end: float
    text: str
    speaker: str | None


def is_timed(content: str) -> bool:
    """Whether a text has a time line, as subtitles have: an arrow alone makes none."""
    return any(map(_times, _arrowed(content)))


def captions(content: str) -> Iterator[Caption]:
    """The cues that say something, in the order of the file.

    :func:`~playhead.subtitles.blocks.split` is wary for writers: what some reader might take for a time line is none of
    the words that it gives out. Here no words may be lost, so a time line has to be one.
    """
    blocks = split(content, tells_time=lambda line: _times(line) is not None)
    times = [times for frame in blocks.frames for line in _arrowed(frame) if (times := _times(line))]
    texts = defaultdict[int, list[str]](list)
    for slot in blocks.slots:
        texts[slot.cue].append(slot.text)
    for cue, said in texts.items():
        marked = "\n".join(said)
        if text := " ".join(plain(marked, blocks.form).split()):
            yield Caption(*times[cue - 1], text, _only(voices(marked)))


def _only(names: Sequence[str]) -> str | None:
    """The one whose words they are; of a dialogue in one cue nobody can say that."""
    return names[0] if len(set(names)) == 1 else None


def _arrowed(content: str) -> Iterator[str]:
    """Its lines with an arrow, without their ends: one by one, as all lines of a text take many times its memory."""
    end = 0
    while (arrow := content.find("-->", end)) >= 0:
        start = 1 + max(end - 1, content.rfind("\n", end, arrow), content.rfind("\r", end, arrow))
        found = _LINE_END.search(content, arrow)
        end = found.start() if found else len(content)
        yield content[start:end]


def _times(line: str) -> tuple[float, float] | None:
    found = _TIMES.match(line) if "-->" in line else None
    if found is None or (_is_of_the_day(found) and line[found.end() :].strip()):
        return None
    return _seconds(found.groups()[:4]), _seconds(found.groups()[4:])


def _is_of_the_day(found: re.Match[str]) -> bool:
    """It may be: texts, too, tell of 7:30 and 8:30, and have words after that."""
    hours, _, _, fraction, *_ = found.groups()
    return hours is None and fraction is None


def _seconds(parts: Sequence[str | None]) -> float:
    hours, minutes, seconds, fraction = (part or "0" for part in parts)
    milliseconds = int(fraction.ljust(3, "0")[:3])
    return (3_600_000 * int(hours) + 60_000 * int(minutes) + 1_000 * int(seconds) + milliseconds) / 1000
