"""Running text, a sentence at a time."""

from __future__ import annotations

from collections.abc import Iterator
from unicodedata import category

from playhead.subtitles.text import ends_sentence, pieces

_OPENING, _CLOSING = {"Ps", "Pi"}, {"Pe", "Pf"}


def sentences(text: str) -> list[str]:
    """The sentences of a paragraph, in whatever script; the last one also where it has no end.

    What goes on in small letters is no new sentence: ``"Stop!" he said.`` is one; nor, in scripts without spaces, what
    goes on after a quotation. A number alone is none.
    """
    found: list[str] = []
    ended = True
    for piece, spaced in _pieces(text):
        if ended and not (found and _goes_on(found[-1], piece, spaced=spaced)):
            found.append(piece)
        else:
            found[-1] += f" {piece}" if spaced else piece
        ended = (ended and _closes(piece)) or (ends_sentence(piece) and any(map(str.isalpha, found[-1])))
    return found


def is_whole(sentence: str) -> bool:
    """Whether it has an end: what a model was stopped in the midst of has none."""
    last = [piece for piece, _ in _pieces(sentence) if not _closes(piece)][-1:]
    return all(ends_sentence(piece) and not piece.endswith("…") for piece in last)


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """Words, and of scripts without spaces their characters, each with whether a space stands before it."""
    for word in text.split():
        yield from ((piece, number == 0) for number, piece in enumerate(pieces(word)))


def _goes_on(sentence: str, piece: str, *, spaced: bool) -> bool:
    letter = next(filter(str.isalpha, piece), "")
    quoted = not spaced and category(sentence[-1]) in _CLOSING and category(piece[0]) not in _OPENING
    return letter.islower() or quoted or _closes(piece)


def _closes(piece: str) -> bool:
    """Whether it is but the end of a quotation, with a space before it as in French."""
    return all(category(sign) in _CLOSING for sign in piece)
