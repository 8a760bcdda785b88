"""How wide text is and where it may be broken."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

SPACED_SENTENCE_ENDS = ".!?…؟۔։།"  # noqa: RUF001 - the full stops of Urdu, Armenian and Tibetan are meant
"""Marks that end a sentence where a space follows."""
UNSPACED_SENTENCE_ENDS = "。！？｡।॥።။។"  # noqa: RUF001 - the full-width marks are meant
"""Marks that end a sentence whatever follows."""
SENTENCE_ENDS = frozenset(SPACED_SENTENCE_ENDS + UNSPACED_SENTENCE_ENDS)
CLAUSE_ENDS = frozenset(",;:、，；：،؛—–")  # noqa: RUF001 - the dashes and full-width marks are meant
_CLOSERS = "\"'”’»)]}」』）】》"  # noqa: RUF001 - likewise

_OPENERS = "\"'“‘«([{¿¡"  # noqa: RUF001 - likewise
_ABBREVIATIONS = frozenset(
    {
        *(
            "mr",
            "mrs",
            "ms",
            "dr",
            "prof",
            "st",
            "sr",
            "jr",
            "rev",
            "hon",
            "gen",
            "col",
            "capt",
            "lt",
            "sgt",
            "mt",
            "vs",
        ),
        *("approx", "hr", "fr", "nr", "mme", "mlle", "sra", "srta", "z", "d", "u", "bzw"),
    }
)

_ARROW = re.compile("-+->")

# Scripts written without spaces: a line may end after any of their characters.
_UNSPACED_RANGES = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x9FFF),  # CJK: radicals, kana, bopomofo, ideographs
    (0xF900, 0xFAFF),  # CJK compatibility
    (0xFF00, 0xFFEF),  # full-width forms
    (0x20000, 0x3FFFF),  # CJK extensions
)


def width(text: str) -> int:
    """Columns that ``text`` takes: two for a wide character, none for a mark that sits on another."""
    return len(text) if text.isascii() else sum(_columns(char) for char in text)


def pieces(word: str) -> Iterator[str]:
    """A word cut where a line may break within it: nowhere, but for scripts written without spaces.

    Punctuation stays with the character before it, an opening bracket with the one after.
    """
    if word.isascii():
        yield from [word] if word else []
        return
    piece = ""
    for char in word:
        if piece and _may_break(piece[-1], char):
            yield piece
            piece = ""
        piece += char
    if piece:
        yield piece


def ends_sentence(text: str) -> bool:
    """Whether a sentence ends with ``text``, a single word: not with a title, nor with an initial."""
    bare = text.rstrip(_CLOSERS)
    if not bare or bare[-1] not in SENTENCE_ENDS:
        return False
    stem = bare.removesuffix(".").lstrip(_OPENERS)
    return bare[-1] != "." or not (stem.lower() in _ABBREVIATIONS or (len(stem) == 1 and stem.isupper()))


def ends_clause(text: str) -> bool:
    """Whether a clause ends with ``text``."""
    return text.rstrip(_CLOSERS)[-1:] in CLAUSE_ENDS and bool(text)


def is_unspaced(char: str) -> bool:
    """Whether ``char`` belongs to a script that is written without spaces between words."""
    return any(first <= ord(char) <= last for first, last in _UNSPACED_RANGES)


def is_mark(char: str) -> bool:
    """Whether ``char`` takes no room of its own: it sits on another, or is not seen."""
    return unicodedata.category(char) in {"Mn", "Me", "Cf"}


def without_arrows(text: str) -> str:
    """``text`` without what makes a time line of any line that holds it."""
    return _ARROW.sub("->", text)


def _columns(char: str) -> int:
    if is_mark(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _may_break(before: str, after: str) -> bool:
    if not (is_unspaced(before) or is_unspaced(after)):
        return False
    if unicodedata.category(before) in {"Ps", "Pi"}:
        return False
    # Marks, closing brackets, punctuation, and the small kana and length marks that never begin a line.
    return unicodedata.category(after) not in {"Mn", "Mc", "Me", "Cf", "Pe", "Pf", "Po", "Pd", "Lm"}
