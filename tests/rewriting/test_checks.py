from __future__ import annotations

import pytest

from playhead.rewriting import checks


@pytest.mark.parametrize(
    ("old", "new", "ratio"),
    [
        ("mary ann dash would lives here", "Marianne Dashwood lives here.", True),
        ("who is they're", "Who is there?", True),
        ("Yes.", "Yeah.", True),
        ("私は四つの老則を買った。", "私は四つのろうそくを買った。", True),
        ("Please stand behind the line.", "Subscribe to my channel today!", False),
        ("Good evening, everyone.", "¡Buenas noches a todos!", False),
        ("word " * 500, "other " * 500, False),
        ("a long story of many words " * 50, "a long story of many words, " * 50 + "and end", True),
    ],
)
def test_a_repair_is_like_what_it_repairs(old: str, new: str, *, ratio: bool) -> None:
    assert (checks.similar(0.5)(old, new) is None) == ratio


@pytest.mark.parametrize(
    ("old", "new", "worded"),
    [
        ("OK", "einverstanden", True),
        ("one two three four five", "…", False),
        ("one two", "12345", False),
        ("12345", "12 345", True),
    ],
)
def test_words_stay_words(old: str, new: str, *, worded: bool) -> None:
    assert (checks.worded(old, new) is None) == worded


def test_what_no_text_can_hold_is_cleaned_away() -> None:
    assert checks.cleaned(" a\x00b\ud800\r\nc\x1b\t \n") == "ab\nc"


@pytest.mark.parametrize(
    ("text", "speaks"), [("♪ …", False), ("\u200b", False), ("42", True), ("あ", True), ("", False)]
)
def test_signs_say_nothing(text: str, *, speaks: bool) -> None:
    assert checks.speaks(text) == speaks
