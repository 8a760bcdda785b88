"""Whether words stand in a text, and where: signs, cases and spaces aside."""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from io import StringIO

from playhead.condensing.naming import name_of
from playhead.condensing.sizes import QUOTE
from playhead.documents import Passage
from playhead.summary import Quote

MOST_CHARACTERS = 5 * QUOTE
"""Of a text between whose words stand signs without end, nobody wants to read it."""
LEAST_CHARACTERS = 8
"""Shorter words stand everywhere: they quote nobody. Half of it where a word is a character or two."""

_NUMBER = re.compile(r"^\W*\[\d+\]")


class Sayings:
    """The passages as one plain text in which quotes are looked up."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = passages
        self._names = frozenset(name_of(passage).casefold() for passage in passages)
        # Where each character of the plain text comes from: its place in its passage, in four bytes. Objects would
        # take a hundred, and a day of speech has millions of characters.
        self._places = array("I")
        self._firsts: list[int] = []
        plain = StringIO()
        last = ""
        for passage in passages:
            self._firsts.append(len(self._places))
            for character, at in _plain(passage.text + " "):
                if character != " " or last not in {"", " "}:
                    plain.write(character)
                    self._places.append(at)
                    last = character
        self._text = plain.getvalue()

    def find(self, words: str, near: int) -> Quote | None:
        """Where these words stand, nearest to this passage; None if nowhere, too few to tell, or too many."""
        wanted = "".join(character for character, _ in _plain(self._unnamed(words))).strip()
        wanted = re.sub(" +", " ", wanted)
        if len(wanted) < (LEAST_CHARACTERS if _cased(wanted[:1]) else LEAST_CHARACTERS // 2):
            return None
        pattern = rf"{_edge('<!', wanted[0])}{re.escape(wanted)}{_edge('!', wanted[-1])}"
        here = self._firsts[min(max(near, 0), len(self._firsts) - 1)]
        found = min(re.finditer(pattern, self._text), key=lambda match: abs(match.start() - here), default=None)
        return self._quote(found.start(), found.end() - 1) if found else None

    def _unnamed(self, words: str) -> str:
        """Without what stands before the words of a passage: some models copy its number and speaker as well."""
        words = _NUMBER.sub("", words)
        name, _, rest = words.partition(":")
        return rest if " ".join(name.split()).casefold() in self._names else words

    def _quote(self, first: int, last: int) -> Quote | None:
        begin, end = self._passage(first), self._passage(last)
        texts = [passage.text for passage in self._passages[begin : end + 1]]
        texts[-1] = texts[-1][: _word_end(texts[-1], self._places[last])]
        texts[0] = texts[0][self._places[first] :]
        text = " ".join(texts).strip()
        if len(text) > MOST_CHARACTERS:
            return None
        return Quote(text=text, start=self._passages[begin].start, end=self._passages[end].end, passage=begin)

    def _passage(self, place: int) -> int:
        """The number of the passage that a character of the plain text stands in."""
        return bisect_right(self._firsts, place) - 1


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
