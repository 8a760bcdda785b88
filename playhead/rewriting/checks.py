"""Whether an answer is to be believed. A check says what is wrong with it, for the model as much as for people."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from difflib import SequenceMatcher
from unicodedata import category

from playhead.subtitles.markup import markup

_WORD = re.compile(r"\w+")
_NAME_LETTERS = 12
_LONG_CHARACTERS = 600
"""Comparing takes time by the square."""

Check = Callable[[str, str], str | None]
"""From a passage and its answer to what is wrong with the answer."""


def numbering(asked: Mapping[int, str], answered: Sequence[tuple[int, str]]) -> str | None:
    """What is wrong with the numbers of an answer: they must be those asked for, each once."""
    if sorted(number for number, _ in answered) == sorted(asked):
        return None
    return f"answer every passage under its own number, once each and no others: {', '.join(map(str, asked))}"


def cleaned(text: str) -> str:
    """An answer without what no text can hold: control characters, halves of characters, blanks around it.

    Those between words, such as tabs, become blanks.
    """
    blank = "".join(" " if char.isspace() and char != "\n" else char for char in text.replace("\r\n", "\n"))
    return "".join(char for char in blank if char == "\n" or category(char) not in {"Cc", "Cs"}).strip()


def speaks(text: str) -> bool:
    """Whether there is anything to read in a text: a letter or a figure."""
    return any(category(char)[0] in "LN" for char in text)


def worded(old: str, new: str) -> str | None:
    """There is something to read in it, and words where the passage has some."""
    return "it has no words" if not speaks(new) or (_has_letters(old) and not _has_letters(new)) else None


def same_markup(old: str, new: str) -> str | None:
    """Tags are those of the passage: none lost, none made up."""
    return None if sorted(markup(old)) == sorted(markup(new)) else "its tags are not those of the passage"


def similar(least: float) -> Check:
    """Mostly the letters of the passage, in their order, by :class:`difflib.SequenceMatcher`; of a long one, words."""

    def check(old: str, new: str) -> str | None:
        units = _letters if len(old) <= _LONG_CHARACTERS else _words
        ratio = SequenceMatcher(None, units(old), units(new), autojunk=False).ratio()
        return None if ratio >= least else "it has little in common with the passage"

    return check


def translated(old: str, new: str) -> str | None:
    """Not the very passage, unless that is so short that it may be a name."""
    letters = _letters(old)
    return "it is not translated" if len(letters) >= _NAME_LETTERS and letters == _letters(new) else None


def first_of(*checks: Check) -> Check:
    """All of these checks, the cheapest first."""

    def check(old: str, new: str) -> str | None:
        return next(filter(None, (one(old, new) for one in checks)), None)

    return check


def _has_letters(text: str) -> bool:
    return any(category(char)[0] == "L" for char in text)


def _words(text: str) -> Sequence[str]:
    return _WORD.findall(text.casefold())


def _letters(text: str) -> Sequence[str]:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", text).casefold()))
