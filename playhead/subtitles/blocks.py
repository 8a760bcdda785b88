"""A subtitle file (SRT or WebVTT) taken apart so that its words can be replaced and nothing else can.

What is no words is a *frame*: numbers, time lines with their settings, blank lines, line ends, a byte order mark, the
header, notes and styles of WebVTT. Frames are never looked into again: they go back as they came, byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

from playhead.subtitles.words import is_number, standing, tells_time

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")
_LINE_END = re.compile(r"[\r\n]*\Z")

LineType = Literal["time", "blank", "words"]


@dataclass(frozen=True)
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
    for part in _parts(list(_runs(content, tells_time)), form):
        if isinstance(part, _Words):
            slots.append(Slot(part.text, cues, part.line_end, part.exposed))
            frames.append([part.after])
        else:
            frames[-1].append(part.text)
            cues += part.cues
    return Blocks(form, tuple(map("".join, frames)), tuple(slots), cues)


def lines_of(content: str) -> list[str]:
    """Its lines with their ends: no other character than carriage returns and line feeds ends one."""
    return _LINE.findall(content)


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
    lines: list[str]


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

    for kind, lines in groupby(lines_of(content), type_of):
        yield _Run(kind, list(lines))


def _parts(runs: list[_Run], form: str) -> Iterator[_Frame | _Words]:
    timed, line_end = False, "\n"
    for before, run, after in zip([None, *runs], runs, [*runs[1:], None], strict=False):
        if run.type != "words":
            cues = sum("-->" in line for line in run.lines) if run.type == "time" else 0
            timed = timed or run.type == "time"
            line_end = _line_end(run.lines[-1]) or line_end
            yield _Frame("".join(run.lines), cues)
        elif not timed:
            yield _Frame("".join(run.lines))
        else:
            follows = before is not None and before.type == "time"
            leads = after is not None and after.type == "time"
            yield from _worded(run.lines, line_end, form, follows=follows, leads=leads)


def _worded(lines: list[str], line_end: str, form: str, *, follows: bool, leads: bool) -> Iterable[_Frame | _Words]:
    """Lines after a time line (``follows``) or a blank one, before a time line (``leads``) or not: words and a frame.

    What stands right before a time line is a number or an identifier. Only the loose ways of SRT know words after a
    blank line.
    """
    named = leads and (not follows or is_number(lines[-1]))
    words, name = (lines[:-1], lines[-1]) if named else (lines, "")
    if not words or (not follows and (form == "vtt" or all(map(is_number, words)))):
        return [_Frame("".join(lines))]
    text = "".join(words)
    end = _line_end(text)
    exposed = not follows or (leads and not named)
    return [_Words(text.removesuffix(end), end + name, _line_end(words[0]) or line_end, exposed)]


def _line_end(text: str) -> str:
    found = _LINE_END.search(text)
    return found.group() if found else ""
