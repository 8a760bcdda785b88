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
    ("old", "new", "said"),
    [
        ("OK", "einverstanden", None),
        ("one two three four five", "…", "it has no words"),
        ("one two", "12345", "it has no words"),
        ("12345", "12 345", None),
        ("a" * 100, "a" * 180, "it is much longer than the passage"),
        ("a" * 100, "a" * 30, "it is much shorter than the passage"),
        ("four wide signs", "日本語で", None),
    ],
)
def test_a_length_is_plausible(old: str, new: str, said: str | None) -> None:
    assert checks.length(0.5, 1.6)(old, new) == said


def test_what_no_text_can_hold_is_cleaned_away() -> None:
    assert checks.cleaned(" a\x00b\ud800\r\nc\x1b\t \n") == "ab\nc"


@pytest.mark.parametrize(
    ("text", "speaks"), [("♪ …", False), ("\u200b", False), ("42", True), ("あ", True), ("", False)]
)
def test_signs_say_nothing(text: str, *, speaks: bool) -> None:
    assert checks.speaks(text) == speaks
