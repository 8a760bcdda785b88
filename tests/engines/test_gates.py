"""What the model said, and whether it is believed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.engines.pieces import piece, recording
from worker.engines.speech.gates import Said, is_doubtful, is_scant

GOOD = Said([1, 2, 3], "so it was", -0.3, 0.01, 1.1)
UNLIKELY = replace(GOOD, avg_logprob=-1.2)
REPEATED = replace(GOOD, compression_ratio=2.6)
SILENCE = replace(GOOD, avg_logprob=-1.2, no_speech_prob=0.8)


@pytest.mark.parametrize("said", [UNLIKELY, REPEATED])
@pytest.mark.parametrize("window", [13.0, 30.0])
def test_what_the_model_doubts_or_repeats_is_decoded_again(said: Said, window: float) -> None:
    assert is_doubtful(piece(recording(), 5), said, window)


@pytest.mark.parametrize("window", [13.0, 30.0])
def test_what_it_is_sure_of_is_not(window: float) -> None:
    assert not is_doubtful(piece(recording(), 5), GOOD, window)


def test_silence_is_believed_of_a_full_window_only() -> None:
    assert not is_doubtful(piece(recording(), 5), SILENCE, 30.0)
    assert is_doubtful(piece(recording(), 5), SILENCE, 13.0)


@pytest.mark.parametrize("said", [replace(GOOD, text=""), replace(GOOD, tokens=[1] * 70)])
def test_a_short_window_that_says_nothing_or_far_too_much_is_doubted(said: Said) -> None:
    assert is_doubtful(piece(recording(), 5), said, 13.0)
    assert not is_doubtful(piece(recording(), 5), said, 30.0)


def test_where_no_chance_is_wanted_a_full_window_is_the_last_word() -> None:
    certain = piece(recording(), 5, temperature=0.0)

    assert not is_doubtful(certain, UNLIKELY, 30.0)
    assert is_doubtful(certain, UNLIKELY, 13.0)


def test_what_was_decoded_with_care_is_taken_as_it_is() -> None:
    assert not is_doubtful(piece(recording(), 5).careful(), UNLIKELY, 30.0)


def test_a_sentence_that_is_said_to_last_long_left_others_out() -> None:
    assert is_scant(replace(GOOD, tokens=[1] * 11), 19.1)
    assert not is_scant(replace(GOOD, tokens=[1] * 20), 19.1)


def test_few_words_are_believed_of_what_is_short_and_none_of_silence() -> None:
    assert not is_scant(GOOD, 9.0)
    assert not is_scant(SILENCE, 26.0)
