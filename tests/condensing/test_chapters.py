from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from playhead.condensing.chapters import chapters
from playhead.condensing.forms import Heading
from playhead.documents import Passage

PASSAGES = [Passage(f"{number}", 10.0 * number, 10.0 * number + 9) for number in range(10)]


def test_they_are_in_order_from_the_beginning_each_up_to_the_next() -> None:
    headings = [Heading(passage=7, title="Last"), Heading(passage=2, title="First"), Heading(passage=7, title="Again")]

    made = chapters(headings, PASSAGES, 5)

    assert [(one.title, one.start, one.end, one.passage) for one in made] == [
        ("First", 0.0, 69.0, 0),
        ("Last", 70.0, 99.0, 7),
    ]


def test_without_headings_there_are_none() -> None:
    assert chapters([Heading(passage=0, title=" ")], PASSAGES, 5) == []


def test_a_text_without_times_has_chapters_all_the_same() -> None:
    (first, second) = chapters(
        [Heading(passage=0, title="A"), Heading(passage=1, title="B")], [Passage("a"), Passage("b")], 5
    )

    assert (first.start, first.end, second.passage) == (None, None, 1)


@given(st.lists(st.builds(Heading, passage=st.integers(), title=st.text())), st.integers(1, 5), st.integers(1, 10))
def test_whatever_a_model_says_they_start_at_passages_and_ascend(
    headings: list[Heading], most: int, count: int
) -> None:
    made = chapters(headings, PASSAGES[:count], most)

    assert len(made) <= most
    assert all(one.start == PASSAGES[one.passage].start for one in made)
    assert all(before.passage < after.passage for before, after in pairwise(made))
    assert all(one.start is not None and one.end is not None and one.start < one.end for one in made)
    assert not made or made[0].start == 0
