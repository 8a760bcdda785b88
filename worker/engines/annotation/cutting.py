"""A text in bits of which each is annotated by itself: paragraphs, and parts of very long ones."""

from __future__ import annotations

import re
from collections.abc import Iterator

# What is given to a model at once, in characters: some thousand words, done in a second or so.
LONGEST = 8_000

_EMPTY_LINE = re.compile(r"\n[ \t]*\n\s*")
# Where a paragraph without end is cut: after a sentence, else at a line's end, else between words.
_CUTS = (re.compile(r"[.!?…。！？]['\"”’»)]*\s+|[。！？]"), re.compile(r"\n"), re.compile(r"\s+"))  # noqa: RUF001 - meant


def bits(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each bit, in order; only white space lies between them."""
    begin = 0
    for line in [*_EMPTY_LINE.finditer(text), None]:
        end = line.start() if line else len(text)
        yield from _parts(text, begin, end)
        begin = line.end() if line else end


def batches(text: str) -> Iterator[list[tuple[int, int]]]:
    """Bits, so many together that they are worth one request."""
    batch: list[tuple[int, int]] = []
    for bit in bits(text):
        if batch and bit[1] - batch[0][0] > LONGEST:
            yield batch
            batch = []
        batch.append(bit)
    if batch:
        yield batch


def _parts(text: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    while end - begin > LONGEST:
        cut = _cut(text, begin, begin + LONGEST)
        yield begin, cut
        begin = cut
    if text[begin:end].strip():
        yield begin, end


def _cut(text: str, begin: int, end: int) -> int:
    for pattern in _CUTS:
        # The last half: a part of a few words would be poor company for a model.
        places = [found.end() for found in pattern.finditer(text, begin + LONGEST // 2, end)]
        if places:
            return places[-1]
    return end
