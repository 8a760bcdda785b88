"""Plain text as passages: its lines, and of long lines their sentences; all blanks between them are kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from playhead.rewriting.pieces import Share, pieces
from playhead.subtitles.text import is_unspaced

_LINE = re.compile(r"(\r\n|\r|\n)|[^\r\n]+")


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
        words = [old if new == old else _flat(new) for old, new in zip(self.passages, texts, strict=True)]
        frames = [frame or self._gap(words, at) for at, frame in enumerate(self.frames[1:])]
        return self.frames[0] + "".join(word + frame for word, frame in zip(words, frames, strict=True))

    def _gap(self, words: Sequence[str], at: int) -> str:
        """What parts a passage from the next that nothing parted: some scripts have blanks between sentences."""
        last = at + 1 == len(words)
        if last or (words[at], words[at + 1]) == self.passages[at : at + 2]:
            return ""
        before, after = words[at], words[at + 1]
        return " " if before and after and not (is_unspaced(before[-1]) or is_unspaced(after[0])) else ""


def split_lines(content: str, share: Share) -> Lines:
    """Take any text apart into passages of a ``share`` of 1 at most."""
    frames, passages, places = list[str](), list[str](), list[int]()
    end, number = 0, 1
    for line in _LINE.finditer(content):
        if line.group(1):
            number += 1
            continue
        for start, stop in _bare(pieces(line.group(), share), line.start()):
            frames.append(content[end:start])
            passages.append(content[start:stop])
            places.append(number)
            end = stop
    return Lines((*frames, content[end:]), tuple(passages), tuple(places))


def _bare(parts: Iterable[str], at: int) -> Iterator[tuple[int, int]]:
    """Where the passages of a line begin and end in the whole text, without blanks around them."""
    for part in parts:
        bare = part.strip()
        if bare:
            start = at + part.index(bare)
            yield start, start + len(bare)
        at += len(part)


def _flat(text: str) -> str:
    return " ".join(text.split())
