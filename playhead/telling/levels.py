"""What the levels of the Common European Framework mean for whoever writes.

Source: Council of Europe, "Common European Framework of Reference for Languages", 2020, scale of overall reading
comprehension.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from playhead.story import Level


@dataclass(frozen=True)
class Manner:
    """How to write for readers of a level.

    Attributes:
        words: of an entry, about.
    """

    words: int
    said: str


MANNERS: Mapping[Level, Manner] = MappingProxyType(
    {
        "A1": Manner(80, "very short main clauses in the present tense, the most common words, nothing figurative"),
        "A2": Manner(
            110, "short sentences, common words of daily life, simple past and future, few subordinate clauses"
        ),
        "B1": Manner(150, "clear sentences about familiar things, common idioms only, all usual tenses"),
        "B2": Manner(200, "longer sentences, a wide vocabulary, feelings and reasons told in detail"),
        "C1": Manner(250, "complex sentences, idioms, undertones, words of special fields where they fit"),
        "C2": Manner(300, "whatever a skilled writer would write for skilled readers, with every shade of meaning"),
    }
)
