"""Cutting passages into windows that fit into a model's context."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from playhead.condensing.naming import name_of
from playhead.documents import Passage


@dataclass(frozen=True)
class Line:
    """A passage, or a piece of one that is too long.

    Attributes:
        number: of the passage, from 0.
    """

    number: int
    passage: Passage

    def said(self) -> str:
        """As the model is given it: in one line, so that no passage can pass for another."""
        name = name_of(self.passage)
        return f"[{self.number}] {f'{name}: ' if name else ''}{' '.join(self.passage.text.split())}"


Window = Sequence[Line]


def windows(passages: Sequence[Passage], tokens: int, count: Callable[[str], int]) -> list[Window]:
    """The passages in their order, as few windows as hold so many tokens each."""
    made: list[list[Line]] = []
    room = 0
    for line in _lines(passages, tokens, count):
        took = count(line.said()) + 1
        if took > room or not made:
            made.append([])
            room = tokens
        made[-1].append(line)
        room -= took
    return list(made)


def said(window: Window) -> str:
    """A window as the model is given it."""
    return "\n".join(line.said() for line in window)


def halved(window: Window) -> list[Window]:
    """The two halves of a window; just itself where it cannot be cut."""
    middle = len(window) // 2
    return [window[:middle], window[middle:]] if middle else [window]


def _lines(passages: Sequence[Passage], tokens: int, count: Callable[[str], int]) -> list[Line]:
    lines = [Line(number, passage) for number, passage in enumerate(passages)]
    return [
        Line(line.number, replace(line.passage, text=piece))
        for line in lines
        for piece in _pieces(line.passage.text, _most(line, tokens // 4, count), count)
    ]


def _most(line: Line, tokens: int, count: Callable[[str], int]) -> int:
    """Tokens of text for a line of so many, beside its number and name; half of them, where the name is long."""
    bare = replace(line, passage=replace(line.passage, text=""))
    return max(1, tokens // 2, tokens - count(bare.said()))


def _pieces(text: str, most: int, count: Callable[[str], int]) -> list[str]:
    """A text in pieces of so many tokens at most, cut between words where that is possible."""
    if count(text) <= most or len(text) < 2:  # noqa: PLR2004 - what cannot be cut
        return [text]
    middle = text.rfind(" ", 0, len(text) // 2 + 1)
    middle = middle if middle > 0 else len(text) // 2
    return _pieces(text[:middle], most, count) + _pieces(text[middle:].lstrip(), most, count)
