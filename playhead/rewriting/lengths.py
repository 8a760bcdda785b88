"""How much texts say by their length, and how long an answer may be, in whatever scripts the two are."""

from __future__ import annotations

from dataclasses import dataclass

from playhead.subtitles.text import is_mark

_KANA, _HANGUL, _HAN = 1.5, 2.0, 3.5
_DENSE_RANGES = (
    (0x3040, 0x30FF, _KANA),
    (0xFF66, 0xFF9F, _KANA),
    (0xAC00, 0xD7A3, _HANGUL),
    (0x3400, 0x9FFF, _HAN),
    (0xF900, 0xFAFF, _HAN),
    (0x20000, 0x3FFFF, _HAN),
)
"""Scripts that write a syllable or a word with one character, and what it is worth in Latin letters.

By the same sentences in many languages: counted like this, the Universal Declaration of Human Rights takes from 0.6 to
1.4 times as many letters in any of them as in English. By its characters alone Chinese would take a quarter.
"""


def letters(text: str) -> float:
    """About how many letters a text would take in the Latin alphabet; marks that sit on others are none."""
    return float(len(text)) if text.isascii() else sum(map(_letters, text))


@dataclass(frozen=True)
class Lengths:
    """How long an answer may be; a :data:`~playhead.rewriting.checks.Check`.

    Attributes:
        least, most: times the letters of its passage.
        spare_less: letters that may be missing beyond that.
        spare_more: letters that may be added to a short passage all the same: `OK` is `einverstanden`.
    """

    least: float
    most: float
    spare_less: int = 12
    spare_more: int = 12

    def longest(self, passage: str) -> float:
        """Letters of an answer at most."""
        length = letters(passage)
        return max(length * self.most, length + self.spare_more)

    def __call__(self, old: str, new: str) -> str | None:
        """What is wrong with the length of an answer."""
        if letters(new) > self.longest(old):
            return "it is much longer than the passage"
        shortest = letters(old) * self.least - self.spare_less
        return "it is much shorter than the passage" if letters(new) < shortest else None


def _letters(char: str) -> float:
    code = ord(char)
    for first, last, worth in _DENSE_RANGES:
        if first <= code <= last:
            return worth
    return 0.0 if is_mark(char) else 1.0
