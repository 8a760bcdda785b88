"""Segments as a stream of tokens: the smallest pieces of text that a cue is made of, each with its time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from playhead.subtitles.text import ends_clause, ends_sentence, is_unspaced, pieces, width
from playhead.transcript import Segment, Word


@dataclass(frozen=True)
class Token:
    """A piece of text that is never broken.

    Attributes:
        text: without spaces.
        start, end: when it is heard, in seconds.
        spaced: whether a space stands before it.
        closes: whether the segment ends with it.
        speaker: who says it, where that is known.
    """

    text: str
    start: float
    end: float
    spaced: bool
    closes: bool = False
    speaker: str | None = None

    @cached_property
    def columns(self) -> int:
        """How wide it is, without the space before it."""
        return width(self.text)

    @cached_property
    def ends_sentence(self) -> bool:
        """Whether a sentence ends with it."""
        return ends_sentence(self.text)

    @cached_property
    def ends_clause(self) -> bool:
        """Whether a clause ends with it."""
        return ends_clause(self.text)


def tokens(segments: Iterable[Segment], longest: int) -> list[Token]:
    """Every token of the segments, in order, none wider than ``longest`` columns; the times never go back."""
    return list(_ordered(token for segment in segments for token in _of_segment(segment, longest)))


def _of_segment(segment: Segment, longest: int) -> list[Token]:
    found = [token for word in _words(segment) for token in _of_word(word, longest, spaced=_spaced(segment, word))]
    said = [replace(token, speaker=segment.speaker) for token in found] if segment.speaker else found
    return [*said[:-1], replace(said[-1], closes=True)] if said else []


@dataclass(frozen=True)
class _Placed:
    """A word at its place in the segment's text."""

    text: str
    start: float
    end: float
    at: int


def _spaced(segment: Segment, word: _Placed) -> bool:
    if word.at == 0:
        return not is_unspaced(word.text[0])
    return segment.text[word.at - 1].isspace()


def _words(segment: Segment) -> list[_Placed]:
    """The segment's own words with their times, or, where they do not tell its text, times in proportion."""
    return _timed(segment.text, segment.words or []) or _proportional(segment)


def _timed(text: str, words: list[Word]) -> list[_Placed]:
    """The words at their places; none at all unless together they are the whole of ``text``."""
    placed: list[_Placed] = []
    at = 0
    for word in words:
        for part in word.text.split():
            found = text.find(part, at)
            if found < 0 or text[at:found].strip():
                return []
            placed.append(_Placed(part, word.start, word.end, found))
            at = found + len(part)
    return [] if text[at:].strip() else placed


def _proportional(segment: Segment) -> list[_Placed]:
    total = max(1, width(segment.text))
    seconds = max(0.0, segment.end - segment.start)
    placed: list[_Placed] = []
    at = 0
    for part in segment.text.split():
        at = segment.text.index(part, at)
        start = segment.start + seconds * width(segment.text[:at]) / total
        placed.append(_Placed(part, start, start + seconds * width(part) / total, at))
        at += len(part)
    return placed


def _of_word(word: _Placed, longest: int, *, spaced: bool) -> Iterator[Token]:
    parts = [part for piece in pieces(word.text) for part in _cut(piece, longest)]
    total = max(1, sum(map(width, parts)))
    start = word.start
    for number, part in enumerate(parts):
        end = start + (word.end - word.start) * width(part) / total
        yield Token(part, start, end, spaced=spaced and number == 0)
        start = end


def _cut(piece: str, longest: int) -> Iterator[str]:
    """A piece too wide for a line in parts that fit: a link, or a word that the model repeated for ever."""
    part = ""
    for char in piece:
        if part and width(part) + width(char) > longest:
            yield part
            part = ""
        part += char
    if part:
        yield part


def _ordered(found: Iterable[Token]) -> Iterator[Token]:
    """Models place words now and then before those they follow."""
    latest = 0.0
    for token in found:
        start = max(latest, token.start)
        yield replace(token, start=start, end=max(start, token.end))
        latest = start
