"""Plain text as passages: its lines, and of long lines their sentences; all blanks between them are kept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MOST_CHARACTERS = 800
"""A line longer than this is cut where sentences end."""

_LINE = re.compile(r"(\r\n|\r|\n)|[^\r\n]+")
# A row of signs is looked at from its first alone: from each of them, a hundred thousand dots would take hours, and
# hold up the whole worker.
_SENTENCE = re.compile(
    r".+?(?:(?<![.!?…])[.!?…]+[\"'”’»)\]]*(?=\s)|[。！？]+[」』）]*|\Z)\s*",  # noqa: RUF001 - likewise
    re.DOTALL,
)
_WORD = re.compile(rf"\S{{1,{MOST_CHARACTERS}}}\s*|\s+")


@dataclass(frozen=True)
class Lines:
    """A text: a frame of blanks and line ends, then a passage and a frame in turn.

    Attributes:
        places: number of the line of each passage, from 1.
    """

    frames: tuple[str, ...]
    passages: tuple[str, ...]
    places: tuple[int, ...]

    def joined(self, texts: Sequence[str]) -> str:
        """The text with others in the places of its passages, each on its line."""
        changed = zip(self.passages, texts, self.frames[1:], strict=True)
        return self.frames[0] + "".join((old if new == old else _flat(new)) + frame for old, new, frame in changed)


def split_lines(content: str) -> Lines:
    """Take any text apart."""
    frames, passages, places = list[str](), list[str](), list[int]()
    end, number = 0, 1
    for line in _LINE.finditer(content):
        if line.group(1):
            number += 1
            continue
        for start, stop in _pieces(line.group(), line.start()):
            frames.append(content[end:start])
            passages.append(content[start:stop])
            places.append(number)
            end = stop
    return Lines((*frames, content[end:]), tuple(passages), tuple(places))


def _pieces(line: str, at: int) -> Iterator[tuple[int, int]]:
    """Where the passages of a line begin and end in the whole text, without blanks around them."""
    for piece in _short(line):
        bare = piece.strip()
        if bare:
            start = at + piece.index(bare)
            yield start, start + len(bare)
        at += len(piece)


def _flat(text: str) -> str:
    return " ".join(text.split())


def _short(line: str) -> Iterator[str]:
    if len(line) <= MOST_CHARACTERS:
        yield line
        return
    # One by one: a search for all at once would hold every other thread up for as long as it takes.
    parts = (
        part
        for one in map(re.Match.group, _SENTENCE.finditer(line))
        for part in ([one] if len(one) <= MOST_CHARACTERS else _WORD.findall(one))
    )
    piece = ""
    for part in parts:
        if piece and len(piece) + len(part) > MOST_CHARACTERS:
            yield piece
            piece = ""
        piece += part
    yield piece
