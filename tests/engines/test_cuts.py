"""Tokens of the model, cut into segments."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from worker.engines.speech.cuts import Span, cut

FIRST = 1000
"""The token of time 0."""


def at(seconds: float) -> int:
    return FIRST + round(seconds / 0.02)


def test_segments_end_where_two_times_meet() -> None:
    tokens = [at(0), 5, 6, at(2), at(2.5), 7, at(4)]

    spans, rest = cut(tokens, FIRST, 4.2)

    assert [(span.start, span.end) for span in spans] == [(0, 2), (2.5, 4)]
    assert rest is None


def test_what_follows_the_last_pair_is_kept_though_it_names_no_end() -> None:
    spans, rest = cut([at(0), 5, at(2), at(2.5), 7, 8], FIRST, 6)

    assert spans[-1] == Span(2.5, 6, [at(2.5), 7, 8])
    assert rest is None


def test_a_model_that_names_a_beginning_and_says_nothing_was_not_through() -> None:
    spans, rest = cut([at(0), 5, at(2), at(2.5)], FIRST, 20)

    assert [span.tokens for span in spans] == [[at(0), 5, at(2)]]
    assert rest == 2.5


def test_text_without_times_lasts_as_long_as_its_sound() -> None:
    assert cut([5, 6], FIRST, 3) == ([Span(0, 3, [5, 6])], None)


def test_silence_is_nothing() -> None:
    assert cut([], FIRST, 3) == ([Span(0, 3, [])], None)


@given(st.lists(st.integers(1, 1500), max_size=60), st.floats(0, 30))
def test_no_word_is_lost_or_doubled_whatever_the_model_says(tokens: list[int], seconds: float) -> None:
    spans, _ = cut(tokens, 1001, seconds)

    assert [token for span in spans for token in span.tokens if token <= 1000] == [t for t in tokens if t <= 1000]
