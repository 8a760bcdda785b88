from __future__ import annotations

from itertools import permutations

import pytest

from playhead.kinds.translate import LENGTHS
from playhead.rewriting.lengths import Lengths, letters
from tests.rewriting.parallel import ARTICLES, NAMES

TRANSLATIONS = [
    pytest.param(article[source], article[target], id=f"{number}: {source} to {target}")
    for number, article in enumerate(ARTICLES)
    for source, target in permutations(article, 2)
]


@pytest.mark.parametrize(("old", "new"), [*TRANSLATIONS, *NAMES, *(pair[::-1] for pair in NAMES)])
def test_what_is_translated_has_a_plausible_length(old: str, new: str) -> None:
    assert LENGTHS(old, new) is None


@pytest.mark.parametrize("article", ARTICLES)
def test_the_same_takes_about_as_many_letters_in_any_language(article: dict[str, str]) -> None:
    """That is what the bounds are built upon: by characters it is a quarter for Chinese."""
    shares = {language: letters(text) / letters(article["en"]) for language, text in article.items()}

    assert all(0.6 < share < 1.4 for share in shares.values()), shares


ENGLISH = [(one["zh"], one["en"]) for one in ARTICLES]
GERMAN = [(one["en"], one["de"]) for one in ARTICLES[:2]]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        *((old, new * 3, "longer") for old, new in [*ENGLISH, *GERMAN]),
        ("是的。", "Certainly! Here is the translation of this passage into English: Yes.", "longer"),
        ("Yes.", "はい" * 40, "longer"),
        ("Hello, how are you today?", "Bonjour, comment vas-tu aujourd'hui ? " * 2, "longer"),
        (ARTICLES[0]["en"], "人人生而自由", "shorter"),
        (ARTICLES[2]["zh"], "Everyone has the right to a living.", "shorter"),
        (ARTICLES[0]["de"], "All.", "shorter"),
    ],
)
def test_floods_and_emptied_passages_have_none(old: str, new: str, said: str) -> None:
    assert said in (LENGTHS(old, new) or "")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("OK", "okay, okay", None),
        ("a" * 100, "a" * 180, "it is much longer than the passage"),
        ("a" * 100, "a" * 30, "it is much shorter than the passage"),
        ("私は四つの老則を買った。", "私は四つのろうそくを買った。", None),
    ],
)
def test_a_repair_is_held_to_narrower_bounds(old: str, new: str, said: str | None) -> None:
    assert Lengths(0.5, 1.6)(old, new) == said
