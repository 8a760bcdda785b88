"""A text, cut into pieces that are spoken one after the other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Engines begin to wander, and answers to be late, in longer ones.
MOST_CHARACTERS = 400

_LINE = re.compile(r"[^\n]+")
# Signs that end a sentence with what closes it, and a space. East Asian writing (here by code points: full stop,
# exclamation and question mark; closing brackets) needs none. A row of signs is looked at from its first alone: from
# each of them, a hundred thousand dots would take hours, and hold up the whole worker.
_SENTENCE = re.compile(
    r".+?(?:(?<![.!?\u2026])[.!?\u2026]+[\"'\u2019\u201d\u00bb)\]]*(?=\s|$)"
    r"|[\u3002\uff01\uff1f]+[\u300d\u300f\uff09]*|$)"
)
# A comma, semicolon or colon before a space; East Asian ones before anything; or any space.
_CLAUSE = re.compile(r"[,;:](?=\s)|[\u3001\uff0c\uff1a\uff1b]|\s")


@dataclass(frozen=True)
class Piece:
    """A few sentences of one paragraph.

    Attributes:
        end: offset of the text after it.
        ends_paragraph: whether a longer pause comes after it.
    """

    text: str
    end: int
    ends_paragraph: bool


def pieces(text: str) -> list[Piece]:
    """All that is to be spoken, in its order; none of it blank. A line is a paragraph."""
    return [piece for line in _LINE.finditer(text) for piece in _of_line(text, line.start(), line.end())]


def _of_line(text: str, start: int, end: int) -> list[Piece]:
    spans: list[tuple[int, int]] = []
    for begin, stop in _short(text, start, end):
        if spans and stop - spans[-1][0] <= MOST_CHARACTERS:
            spans[-1] = (spans[-1][0], stop)
        else:
            spans.append((begin, stop))
    said = [(" ".join(text[begin:stop].split()), stop) for begin, stop in spans]
    return [Piece(words, stop, ends_paragraph=stop == end) for words, stop in said if words]


def _short(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Sentences, and the parts of those that are too long."""
    for sentence in _SENTENCE.finditer(text, start, end):
        begin, stop = sentence.span()
        while stop - begin > MOST_CHARACTERS:
            cut = _cut(text, begin)
            yield begin, cut
            begin = cut
        yield begin, stop


def _cut(text: str, begin: int) -> int:
    """Where a sentence that is too long had best be cut: after a clause, else after a word."""
    most = begin + MOST_CHARACTERS
    ends = [one.end() for one in _CLAUSE.finditer(text, begin + MOST_CHARACTERS // 2, most)]
    clauses = [one for one in ends if not text[one - 1].isspace()]
    return max(clauses or ends, default=most)
