"""Long lines in pieces that a passage may be: cut where sentences end, in whatever script, else where they may be."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from unicodedata import category

from playhead.rewriting.asking import Ask
from playhead.rewriting.lengths import letters
from playhead.subtitles.text import SPACED_SENTENCE_ENDS, UNSPACED_SENTENCE_ENDS

MOST_LETTERS = 800
"""A longer line is cut, also where more would fit: of a few sentences a model misses none."""

# A row of signs is looked at from its first alone: from each of them, a hundred thousand dots would take hours, and
# hold up the whole worker.
_SENTENCE = re.compile(
    rf".+?(?:(?<![{SPACED_SENTENCE_ENDS}])[{SPACED_SENTENCE_ENDS}]+[\"'”’»)\]]*(?=\s)"  # noqa: RUF001 - the quotes of many languages are meant
    rf"|[{UNSPACED_SENTENCE_ENDS}]+[」』）”’》]*|\Z)\s*",  # noqa: RUF001 - likewise
    re.DOTALL,
)
_CLAUSE = re.compile(r"[,;:،؛—–]\s+|[、，；：]\s*")  # noqa: RUF001 - the marks of other scripts are meant
_BLANK = re.compile(r"\s+")
_JOINER = "\u200d"

Share = Callable[[str], float]
"""What a text takes of the most that a passage may be, which is 1. The shares of its parts add up to it, or to more."""


def share_of(ask: Ask) -> Share:
    """The measure by what may be asked for at once."""
    frame = ask.cost("")
    room = ask.room - frame
    return lambda text: max(letters(text) / MOST_LETTERS, (ask.cost(text) - frame) / room)


def pieces(line: str, share: Share) -> Iterator[str]:
    """A line in pieces of a share of 1 at most, each of as many sentences as that holds."""
    if share(line) <= 1:
        yield line
        return
    piece, taken = "", 0.0
    for part in _parts(line, share):
        more = share(part)
        if piece and taken + more > 1:
            yield piece
            piece, taken = "", 0.0
        piece, taken = piece + part, taken + more
    yield piece


def _parts(line: str, share: Share) -> Iterator[str]:
    # One by one: a search for all at once would hold every other thread up for as long as it takes.
    for sentence in _SENTENCE.finditer(line):
        yield from _halved(sentence.group(), share)


def _halved(text: str, share: Share) -> Iterator[str]:
    """A text in two, and its halves again, until each fits."""
    if len(text) == 1 or share(text) <= 1:
        yield text
        return
    middle = _middle(text)
    yield from _halved(text[:middle], share)
    yield from _halved(text[middle:], share)


def _middle(text: str) -> int:
    """Where to cut a text, not far from its middle: after a clause, else after a word, else between two characters."""
    first, half, last = len(text) // 4, len(text) // 2, len(text) * 3 // 4
    for breaks in (_CLAUSE, _BLANK):
        if ends := [found.end() for found in breaks.finditer(text, first, last)]:
            return min(ends, key=lambda end: abs(end - half))
    return next((at for at in range(half, last) if not _joined(text[at - 1], text[at])), half)


def _joined(before: str, after: str) -> bool:
    """Whether two characters are one to whoever reads them."""
    return category(after)[0] == "M" or _JOINER in {before, after}
