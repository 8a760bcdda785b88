from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playhead.condensing.quotes import Sayings, checked
from playhead.documents import Passage
from playhead.summary import Quote

PASSAGES = [
    Passage("Good morning, everybody.", 0.0, 1.5),
    Passage("We don't sell the house - not now!", 1.5, 4.0),
    Passage("Then we “wait”", 4.0, 5.0),
    Passage("for the spring.", 5.0, 6.5),
    Passage("We don't sell the house, ever.", 6.5, 8.0),
    Passage("私たちは家を売りません。", 8.0, 9.0),
]


@pytest.fixture(scope="module")
def sayings() -> Sayings:
    return Sayings(PASSAGES)


@pytest.mark.parametrize(
    ("words", "near", "text", "start", "end", "passage"),
    [
        ("Good morning, everybody.", 0, "Good morning, everybody.", 0.0, 1.5, 0),
        ("[0] Good morning", 0, "Good morning", 0.0, 1.5, 0),
        ("GOOD MORNING EVERYBODY", 5, "Good morning, everybody.", 0.0, 1.5, 0),
        ("“we don’t   sell the house”", 0, "We don't sell the house", 1.5, 4.0, 1),  # noqa: RUF001
        ("We don't sell the house", 4, "We don't sell the house", 6.5, 8.0, 4),
        ("we wait for the spring", 0, "we “wait” for the spring.", 4.0, 6.5, 2),
        ("家を売り", 0, "家を売り", 8.0, 9.0, 5),
        ("not now", -7, None, 0, 0, 0),
        ("good morning", 99, "Good morning", 0.0, 1.5, 0),
    ],
)
def test_words_are_found_where_they_stand(
    sayings: Sayings, words: str, near: int, text: str | None, start: float, end: float, passage: int
) -> None:
    found = sayings.find(words, near)

    if text is None:
        assert found is None
    else:
        assert found is not None
        assert (found.text, found.start, found.end, found.passage) == (text, start, end, passage)


@pytest.mark.parametrize(
    "words",
    ["", "...", "We sell the house", "ood morning every", "we", "morning everybody we do sell", "売", "!?" * 9, "\n\n"],
)
def test_words_that_nobody_said_are_not(sayings: Sayings, words: str) -> None:
    assert sayings.find(words, 0) is None


def test_each_is_given_once_by_its_place_and_the_others_are_counted(sayings: Sayings) -> None:
    wanted = [
        ("for the spring", 0),
        ("good morning everybody", 0),
        ("Good morning, everybody", 1),
        ("never said this", 0),
    ]

    quotes, dropped = checked(sayings, wanted)

    assert [quote.text for quote in quotes] == ["Good morning, everybody.", "for the spring."]
    assert dropped == 1


@given(st.lists(st.text(min_size=1), min_size=1, max_size=4), st.text(), st.integers())
def test_whatever_is_found_stands_there(texts: list[str], words: str, near: int) -> None:
    sayings = Sayings([Passage(text, float(number), number + 1.0) for number, text in enumerate(texts)])

    for wanted in (words, *texts, "".join(texts)):
        if quote := sayings.find(wanted, near):
            assert quote.text in " ".join(texts[quote.passage :])
            assert quote.start == quote.passage


def test_words_with_signs_without_end_between_them_are_no_quote() -> None:
    sayings = Sayings([Passage(f"we are all here{'!' * 100_000} together now")])

    assert sayings.find("here together now", 0) is None
    assert sayings.find("we are all here", 0) is not None


def test_empty_passages_have_no_words() -> None:
    sayings = Sayings(
        [Passage("..."), Passage(""), Passage("We are all here."), Passage("!"), Passage("Together now.")]
    )

    quote = sayings.find("all here together", 0)
    assert quote is not None
    assert (quote.passage, quote.text) == (2, "all here. ! Together")


@pytest.mark.parametrize("words", ["S1: We sell the house.", "[1] S1: we sell the house", "S1:We sell the house"])
def test_who_speaks_is_no_part_of_a_quote(words: str) -> None:
    """A model may copy it with the line that it stands in."""
    sayings = Sayings([Passage("Good morning."), Passage("We sell the house.", 1.0, 2.0, "S1")])

    assert sayings.find(words, 0) == Quote(text="We sell the house.", start=1.0, end=2.0, passage=1)
    assert sayings.find("S2: We sell the house.", 0) is None
