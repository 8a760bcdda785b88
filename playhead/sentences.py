"""Running text, a sentence at a time."""

from __future__ import annotations

from collections.abc import Iterator

from playhead.subtitles.text import ends_sentence, pieces


def sentences(text: str) -> list[str]:
    """The sentences of a paragraph, in whatever script; the last one also where it has no end.

    What goes on in small letters is no new sentence: ``"Stop!" he said.`` is one. A number alone is none.
    """
    found: list[str] = []
    ended = True
    for piece, spaced in _pieces(text):
        if ended and not (found and _goes_on(piece)):
            found.append(piece)
        else:
            found[-1] += f" {piece}" if spaced else piece
        ended = ends_sentence(piece) and any(map(str.isalpha, found[-1]))
    return found


def is_whole(sentence: str) -> bool:
    """Whether it has an end: what a model was stopped in the midst of has none."""
    *_, (last, _) = _pieces(sentence)
    return ends_sentence(last) and not last.endswith("…")


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """Words, and of scripts without spaces their characters, each with whether a space stands before it."""
    for word in text.split():
        yield from ((piece, number == 0) for number, piece in enumerate(pieces(word)))


def _goes_on(piece: str) -> bool:
    letter = next(filter(str.isalpha, piece), "")
    return letter.islower()
