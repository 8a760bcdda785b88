"""One recording on its way through the device: pieces out in any number, what they say back in order."""

from __future__ import annotations

from typing import Any, cast

import faster_whisper.transcribe as whisper
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playhead.engines import SpeechInfo, SpeechOptions, SpeechStep
from playhead.errors import InvalidError
from tests.engines.pieces import info, recording
from worker.engines.speech.chunks import Chunk
from worker.engines.speech.decoding import Decoding
from worker.engines.speech.heard import Heard
from worker.engines.speech.model import Model
from worker.engines.speech.pieces import Piece
from worker.engines.speech.sound import RATE
from worker.engines.speech.stretches import Stretch

SECONDS = 10


def _model(*, multilingual: bool = False) -> Model:
    class Named:
        name = "tiny"

    Named.multilingual = multilingual  # type: ignore[attr-defined]
    return cast("Model", Named())


def _stretch(start: int, chunks: int) -> Stretch:
    """As many chunks of ten seconds, each with its number in the recording as its sound."""
    spans = [(at * SECONDS * RATE, (at + 1) * SECONDS * RATE) for at in range(chunks)]
    first = start // SECONDS
    sounds = [np.full(SECONDS * RATE, first + at, np.float32) for at in range(chunks)]
    made = [Chunk([span], sound) for span, sound in zip(spans, sounds, strict=True)]
    return Stretch(start * RATE, (start + max(1, chunks) * SECONDS) * RATE, made)


def _heard(
    piece: Piece, *, rest: float | None = None, language: str = "en", doubtful: bool = False, scant: bool = False
) -> Heard:
    """The model says the number of the chunk, and where in it the piece begins."""
    end = rest or piece.seconds
    text = f"{piece.samples[0]:g}+{piece.offset_seconds:g}"
    return Heard(language, 0.9, [_segment(text, 0.0, end)], rest, doubtful, scant)


def _segment(text: str, start: float, end: float) -> whisper.Segment:
    return whisper.Segment(0, 0, start, end, text, [], -0.1, 1.0, 0.0, None, 0.0)


def _decoding(stretches: list[int], **known: Any) -> tuple[Decoding, list[Stretch]]:
    multilingual = known.pop("multilingual", False)
    made, start = [], 0
    for chunks in stretches:
        made.append(_stretch(start, chunks))
        start += max(1, chunks) * SECONDS
    return Decoding(recording(**known), _model(multilingual=multilingual), start * RATE), made


def _cut(decoding: Decoding, stretches: list[Stretch]) -> None:
    """Cut as much as is wanted now."""
    while uncut := decoding.uncut():
        decoding.put(next(one for one in stretches if one.start == uncut[0]))


def _go_on(decoding: Decoding, stretches: list[Stretch]) -> list[Any]:
    """What is told, as long as more is cut for it."""
    parts = decoding.parts()
    while uncut := decoding.uncut():
        decoding.put(next(one for one in stretches if one.start == uncut[0]))
        parts += decoding.parts()
    return parts


def _texts(parts: list[Any]) -> list[str]:
    return [segment.text for part in parts if isinstance(part, SpeechStep) for segment in part.segments]


@given(st.lists(st.integers(0, 4), min_size=1, max_size=5), st.data())
def test_whatever_order_the_device_takes_all_is_told_once_and_in_order(chunks: list[int], data: st.DataObject) -> None:
    decoding, stretches = _decoding(chunks)
    parts = _go_on(decoding, stretches)
    ready = decoding.pieces()
    while ready:
        piece = ready.pop(data.draw(st.integers(0, len(ready) - 1)))
        if data.draw(st.booleans()) and not piece.is_careful:
            decoding.take(piece, _heard(piece, doubtful=True), 1.0)
        else:
            rest = 4.0 if data.draw(st.booleans()) and piece.seconds > 5 else None
            decoding.take(piece, _heard(piece, rest=rest), 1.0)
        parts += _go_on(decoding, stretches)
        ready += decoding.pieces()

    assert decoding.is_over
    told = [tuple(map(float, text.split("+"))) for text in _texts(parts)]
    assert told == sorted(told)
    assert {chunk for chunk, _ in told} == {
        float(stretch.start // RATE // SECONDS + at) for stretch in stretches for at in range(len(stretch.chunks))
    }
    assert isinstance(parts[0], SpeechInfo)
    steps = [part for part in parts if isinstance(part, SpeechStep)]
    assert [step.done_seconds for step in steps] == sorted(step.done_seconds for step in steps)
    assert steps[-1].done_seconds == sum(max(1, one) for one in chunks) * SECONDS


def test_two_stretches_are_in_hand_and_the_next_is_cut_when_one_is_done() -> None:
    decoding, stretches = _decoding([1, 1, 1])
    _cut(decoding, stretches)
    first, second = decoding.pieces()
    assert decoding.uncut() is None

    decoding.take(second, _heard(second), 1.0)
    assert decoding.parts() == []
    decoding.take(first, _heard(first), 1.0)

    assert _texts(decoding.parts()) == ["0+0", "1+0"]
    assert decoding.uncut() == (20 * RATE, 80 * RATE)


def test_the_device_does_not_wait_until_minutes_are_cut() -> None:
    decoding, stretches = _decoding([1, 1])

    assert decoding.uncut() == (0, 60 * RATE)
    decoding.put(stretches[0])

    assert decoding.uncut() == (10 * RATE, 310 * RATE)


def test_until_the_language_is_known_one_piece_alone_is_asked() -> None:
    decoding, stretches = _decoding([3], multilingual=True)
    _cut(decoding, stretches)

    (scout,) = decoding.pieces()
    assert scout.asked.language is None
    assert decoding.pieces() == []
    decoding.take(scout, _heard(scout, language="fr"), 1.0)

    assert [piece.asked.language for piece in decoding.pieces()] == ["fr", "fr"]
    (told, step) = decoding.parts()
    assert isinstance(told, SpeechInfo)
    assert (told.language, told.language_probability, told.duration_seconds) == ("fr", 0.9, 30)
    assert isinstance(step, SpeechStep)


def test_what_is_doubtful_is_asked_again_with_care_and_costs_both() -> None:
    decoding, stretches = _decoding([1])
    _cut(decoding, stretches)
    (piece,) = decoding.pieces()

    decoding.take(piece, _heard(piece, doubtful=True), 1.5)
    (again,) = decoding.pieces()
    assert (again.is_careful, again.is_alone, again.window_seconds) == (True, True, 30)
    decoding.take(again, _heard(again), 2.0)

    steps = [part for part in decoding.parts() if isinstance(part, SpeechStep)]
    assert [step.device_seconds for step in steps] == [3.5, 0.0]


def test_of_what_was_mostly_left_out_each_half_is_asked_one_after_the_other() -> None:
    decoding, stretches = _decoding([2])
    _cut(decoding, stretches)
    piece, _ = decoding.pieces()

    decoding.take(piece, _heard(piece, scant=True), 1.0)
    (first,) = decoding.pieces()
    decoding.take(first, _heard(first, rest=2.0), 1.0)
    (rest,) = decoding.pieces()
    decoding.take(rest, _heard(rest), 1.0)
    (second,) = decoding.pieces()
    decoding.take(second, _heard(second), 1.0)

    assert first.seconds + second.seconds == piece.seconds
    assert decoding.pieces() == []
    _, step = decoding.parts()
    assert isinstance(step, SpeechStep)
    middle = first.seconds
    assert [(one.text, one.start, one.end) for one in step.segments] == [
        ("0+0", 0, 2),
        ("0+2", 2, middle),
        (f"0+{middle:g}", middle, SECONDS),
    ]


def test_a_rest_too_short_for_a_word_is_let_be() -> None:
    decoding, stretches = _decoding([1])
    _cut(decoding, stretches)
    (piece,) = decoding.pieces()

    decoding.take(piece, _heard(piece, rest=9.5), 1.0)

    assert decoding.pieces() == []
    assert decoding.parts()
    assert decoding.is_over


def test_a_model_that_gets_nowhere_is_not_asked_for_ever() -> None:
    decoding, stretches = _decoding([1])
    _cut(decoding, stretches)
    (piece,) = decoding.pieces()

    decoding.take(piece, _heard(piece, rest=0.02), 1.0)

    assert decoding.pieces() == []


@pytest.mark.parametrize(("multilingual", "language"), [(True, "und"), (False, "en")])
def test_where_nobody_speaks_that_is_told_at_the_end(*, multilingual: bool, language: str) -> None:
    decoding, stretches = _decoding([0, 0], multilingual=multilingual)
    _cut(decoding, stretches)
    parts = decoding.parts()

    assert decoding.is_over
    assert isinstance(parts[0], SpeechInfo)
    assert parts[0].language == language
    assert isinstance(parts[-1], SpeechStep)
    assert parts[-1].done_seconds == 20


def test_a_later_run_goes_on_with_the_next_number_and_tells_what_is_known_already() -> None:
    decoding, stretches = _decoding([1, 1], resume=info("de", 99.0), from_seconds=10.0, first_id=7, multilingual=True)
    _cut(decoding, stretches)
    (piece,) = decoding.pieces()
    assert piece.asked.language == "de"

    decoding.take(piece, _heard(piece, language="de"), 1.0)

    known, step, _ = decoding.parts()
    assert known == info("de", 99.0)
    assert isinstance(step, SpeechStep)
    assert [(segment.id, segment.start) for segment in step.segments] == [(7, 10.0)]


def test_options_that_the_model_cannot_honour_are_refused_before_anything_is_cut() -> None:
    with pytest.raises(InvalidError):
        _decoding([1], options=SpeechOptions(language="fr"))
