"""Whether words stand in a text, and where: signs, cases and spaces aside."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from playhead.documents import Passage
from playhead.summary import Quote

LEAST_CHARACTERS = 8
"""Shorter words stand everywhere: they quote nobody. Half of it where a word is a character or two."""

_NUMBER = re.compile(r"^\W*\[\d+\]")


@dataclass(frozen=True)
class _Place:
    """Where a character of the plain text comes from."""

    passage: int
    at: int


class Sayings:
    """The passages as one plain text in which quotes are looked up."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = passages
        self._places: list[_Place] = []
        self._firsts: list[int] = []
        characters: list[str] = []
        for number, passage in enumerate(passages):
            self._firsts.append(len(characters))
            for character, at in _plain(passage.text + " "):
                if character != " " or (characters and characters[-1] != " "):
                    characters.append(character)
                    self._places.append(_Place(number, at))
        self._text = "".join(characters)

    def find(self, words: str, near: int) -> Quote | None:
        """Where these words stand, nearest to this passage; None if nowhere, or if they are too few to tell."""
        # Some models copy the number of the line as well.
        wanted = "".join(character for character, _ in _plain(_NUMBER.sub("", words))).strip()
        wanted = re.sub(" +", " ", wanted)
        if len(wanted) < (LEAST_CHARACTERS if _cased(wanted[:1]) else LEAST_CHARACTERS // 2):
            return None
        pattern = rf"{_edge('<!', wanted[0])}{re.escape(wanted)}{_edge('!', wanted[-1])}"
        here = self._firsts[min(max(near, 0), len(self._firsts) - 1)]
        found = min(re.finditer(pattern, self._text), key=lambda match: abs(match.start() - here), default=None)
        return self._quote(found.start(), found.end() - 1) if found else None

    def _quote(self, first: int, last: int) -> Quote:
        begin, end = self._places[first], self._places[last]
        texts = [passage.text for passage in self._passages[begin.passage : end.passage + 1]]
        texts[-1] = texts[-1][: _word_end(texts[-1], end.at)]
        texts[0] = texts[0][begin.at :]
        return Quote(
            text=" ".join(texts).strip(),
            start=self._passages[begin.passage].start,
            end=self._passages[end.passage].end,
            passage=begin.passage,
        )


def _plain(text: str) -> Iterable[tuple[str, int]]:
    """Its letters and digits in one case, all else a space, each with its place in the text."""
    for at, character in enumerate(text):
        for folded in unicodedata.normalize("NFKC", character).casefold():
            if folded in "'’":  # noqa: RUF001 - as in "don't", which some write with the one and some with the other
                continue
            yield (folded if folded.isalnum() else " "), at


def _word_end(text: str, at: int) -> int:
    """The place after this character and the sign that ends its sentence."""
    return at + 2 if text[at + 1 : at + 2] in {".", "!", "?", "…"} else at + 1


def _cased(character: str) -> bool:
    """It is of a script with cases: such scripts put spaces between words."""
    return character.lower() != character.upper()


def _edge(look: str, character: str) -> str:
    """Where a quote may begin or end: at the edge of a word, in scripts that have such."""
    return rf"(?{look}\w)" if _cased(character) else ""


def checked(sayings: Sayings, wanted: Sequence[tuple[str, int]]) -> tuple[list[Quote], int]:
    """Those of the words that stand in the text, by their place and each once, and how many do not."""
    found = [sayings.find(words, near) for words, near in wanted]
    quotes = {(quote.passage, quote.text): quote for quote in found if quote}
    return sorted(quotes.values(), key=lambda quote: quote.passage), found.count(None)
