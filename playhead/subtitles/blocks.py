"""A subtitle file (SRT or WebVTT) taken apart so that its words can be replaced and nothing else can.

What is no words is a *frame*: numbers, time lines with their settings, blank lines, line ends, a byte order mark, the
header, notes and styles of WebVTT. Frames are never looked into again: they go back as they came, byte for byte.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, groupby
from typing import Literal

from playhead.subtitles.words import is_number, standing, tells_time

# No other character than carriage returns and line feeds ends a line.
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")

LineType = Literal["time", "blank", "words"]


@dataclass(frozen=True, slots=True)
class Slot:
    """Words that may be replaced: lines of one cue without a blank line among them.

    Attributes:
        text: as it stands in the file, without the last line's end.
        cue: whose words they are: cues are counted from 1, in the order of the file.
        line_end: what ends the lines of a text that takes its place.
        exposed: a number as its last line would be taken for the number of a cue.
    """

    text: str
    cue: int
    line_end: str
    exposed: bool


@dataclass(frozen=True)
class Blocks:
    """A subtitle file: a frame, then a slot and a frame in turn."""

    form: Literal["srt", "vtt"]
    frames: tuple[str, ...]
    slots: tuple[Slot, ...]
    cues: int

    def replaced(self, texts: Mapping[int, str]) -> Blocks:
        """The same file with other words in these slots, by their place from 0.

        Words are brought into a form that no reader of subtitles takes for anything else; where there is none, as for
        no words at all, the old ones stay.
        """
        slots = [_filled(slot, texts[at]) if at in texts else slot for at, slot in enumerate(self.slots)]
        return replace(self, slots=tuple(slots))


def split(content: str, *, tells_time: Callable[[str], bool] = tells_time) -> Blocks:
    """Take any text apart, at the lines that tell times; one without such is a single frame."""
    form: Literal["srt", "vtt"] = "vtt" if content.lstrip("\ufeff \t\r\n").startswith("WEBVTT") else "srt"
    frames, slots, cues = [list[str]()], list[Slot](), 0
    for part in _parts(_runs(content, tells_time), form):
        if isinstance(part, _Words):
            slots.append(Slot(part.text, cues, part.line_end, part.exposed))
            frames.append([part.after])
        else:
            frames[-1].append(part.text)
            cues += part.cues
    return Blocks(form, tuple(map("".join, frames)), tuple(slots), cues)


def join(blocks: Blocks) -> str:
    """The file; of what :func:`split` gave, the very text that it was given."""
    return blocks.frames[0] + "".join(
        slot.text + frame for slot, frame in zip(blocks.slots, blocks.frames[1:], strict=True)
    )


def _filled(slot: Slot, text: str) -> Slot:
    lines = standing(text)
    if slot.exposed and len(lines) > 1 and is_number(lines[-1]):
        lines = [*lines[:-2], f"{lines[-2]} {lines[-1]}"]
    if not lines or (slot.exposed and is_number(lines[-1])):
        return slot
    return replace(slot, text=slot.line_end.join(lines))


@dataclass(frozen=True)
class _Run:
    """Lines of one type, one after the other."""

    type: LineType
    text: str


@dataclass(frozen=True)
class _Frame:
    text: str
    cues: int = 0


@dataclass(frozen=True)
class _Words:
    text: str
    after: str
    line_end: str
    exposed: bool


def _runs(content: str, tells_time: Callable[[str], bool]) -> Iterator[_Run]:
    def type_of(line: str) -> LineType:
        if tells_time(line):
            return "time"
        return "words" if line.strip() else "blank"

    end = 0
    for kind, lines in groupby(_LINE.finditer(content), lambda line: type_of(line.group())):
        start, end = end, deque(lines, maxlen=1).pop().end()
        yield _Run(kind, content[start:end])


def _parts(runs: Iterable[_Run], form: str) -> Iterator[_Frame | _Words]:
    timed, line_end = False, "\n"
    for before, run, after in _with_neighbours(runs):
        if run.type != "words":
            cues = sum("-->" in line for line in _lines(run.text)) if run.type == "time" else 0
            timed = timed or run.type == "time"
            line_end = _line_end(run.text) or line_end
            yield _Frame(run.text, cues)
        elif not timed:
            yield _Frame(run.text)
        else:
            follows = before is not None and before.type == "time"
            leads = after is not None and after.type == "time"
            yield _worded(run.text, line_end, form, follows=follows, leads=leads)


def _with_neighbours(runs: Iterable[_Run]) -> Iterator[tuple[_Run | None, _Run, _Run | None]]:
    before, run = None, None
    for after in chain(runs, [None]):
        if run is not None:
            yield before, run, after
        before, run = run, after


def _worded(text: str, line_end: str, form: str, *, follows: bool, leads: bool) -> _Frame | _Words:
    """Lines after a time line (``follows``) or a blank one, before a time line (``leads``) or not: words and a frame.

    What stands right before a time line is a number or an identifier. Only the loose ways of SRT know words after a
    blank line.
    """
    last = _last_line(text)
    named = leads and (not follows or is_number(text[last:]))
    words, name = (text[:last], text[last:]) if named else (text, "")
    if not words or (not follows and (form == "vtt" or all(map(is_number, _lines(words))))):
        return _Frame(text)
    end = _line_end(words)
    exposed = not follows or (leads and not named)
    first = next(_lines(words))
    return _Words(words.removesuffix(end), end + name, _line_end(first) or line_end, exposed)


def _lines(text: str) -> Iterator[str]:
    # One by one: all lines of a text take many times its memory.
    return (line.group() for line in _LINE.finditer(text))


def _last_line(text: str) -> int:
    """Where its last line begins."""
    end = len(text) - len(_line_end(text))
    return max(text.rfind("\n", 0, end), text.rfind("\r", 0, end)) + 1


def _line_end(text: str) -> str:
    """What ends its last line."""
    return next((end for end in ("\r\n", "\n", "\r") if text.endswith(end)), "")
