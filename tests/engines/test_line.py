"""Who is next on the device."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from tests.engines.pieces import piece, recording
from worker.engines.speech import line as line_module
from worker.engines.speech.line import Line
from worker.engines.speech.pieces import Piece


@dataclass
class Models:
    """Those that are in memory, and how much each decodes at once."""

    loaded: set[str] = field(default_factory=lambda: {"tiny"})
    seconds: float = 120.0

    def has(self, source: str) -> bool:
        return source in self.loaded

    def room_seconds(self, source: str) -> float:
        return self.seconds if source in self.loaded else 30.0


def _numbers(batch: list[Piece]) -> list[int]:
    return [one.recording.id for one in batch]


def test_what_fits_together_is_one_batch_as_long_as_there_is_room() -> None:
    line = Line(Models(seconds=60))
    line.put([piece(recording(number), 7) for number in range(6)])  # each of them in a window of 13 s

    assert [len(line.take()), len(line.take())] == [4, 2]


def test_a_piece_too_long_for_the_room_goes_all_the_same() -> None:
    line = Line(Models(seconds=30))
    line.put([piece(recording(1), 28), piece(recording(2), 28)])

    assert [_numbers(line.take()), _numbers(line.take())] == [[1], [2]]


def test_short_pieces_do_not_pay_for_the_window_of_long_ones() -> None:
    line = Line(Models())
    line.put([piece(recording(1), 3), piece(recording(2), 28), piece(recording(3), 4), piece(recording(4), 25)])

    assert [_numbers(line.take()), _numbers(line.take())] == [[1, 3], [2, 4]]


OTHERS: list[dict[str, object]] = [
    {"language": "fr"},
    {"language": None},
    {"task": "translate"},
    {"temperature": 0.0},
    {"prompt": "Dear Sir"},
    {"hotwords": "Playhead"},
    {"word_timestamps": True},
]


@pytest.mark.parametrize("other", OTHERS)
def test_pieces_of_which_other_things_are_asked_are_never_in_one_batch(other: dict[str, object]) -> None:
    line = Line(Models())
    line.put([piece(recording(1), 28), piece(recording(2), 28, **other), piece(recording(3), 28)])

    assert [_numbers(line.take()), _numbers(line.take())] == [[1, 3], [2]]


def test_a_piece_that_is_to_be_alone_is() -> None:
    line = Line(Models())
    line.put([piece(recording(1), 5).alone(), piece(recording(2), 5), piece(recording(3), 5).careful()])

    assert [_numbers(line.take()) for _ in range(3)] == [[1], [2], [3]]


def test_those_whose_words_chance_decides_about_share_a_batch_too() -> None:
    line = Line(Models())
    line.put([piece(recording(number), 5, temperature=0.4) for number in range(3)])

    assert _numbers(line.take()) == [0, 1, 2]


def test_a_clip_is_not_held_behind_a_recording_of_hours() -> None:
    line = Line(Models())
    hours = recording(1)
    line.put([piece(hours, 28) for _ in range(12)])
    assert _numbers(line.take()) == [1, 1, 1, 1]

    line.put([piece(recording(2), 3)])

    assert 2 in _numbers(line.take())


def test_recordings_take_turns_by_what_they_were_given() -> None:
    line = Line(Models(seconds=30))
    first, second = recording(1), recording(2)
    line.put([piece(first, 28) for _ in range(4)])
    line.put([piece(second, 14) for _ in range(4)])

    assert [_numbers(line.take())[0] for _ in range(6)] == [1, 2, 2, 1, 2, 2]


def test_more_priority_goes_first_and_is_not_diluted() -> None:
    line = Line(Models(seconds=60))
    line.put([piece(recording(1), 28), piece(recording(2), 28)])
    line.put([piece(recording(3, priority=10), 28)])

    assert _numbers(line.take()) == [3, 1]


def test_those_of_the_loaded_model_go_first_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line(Models())
    line.put([piece(recording(1, model="large"), 5), piece(recording(2), 5)])
    assert _numbers(line.take()) == [2]

    line.put([piece(recording(3), 5)])
    monkeypatch.setattr(line_module, "_PATIENCE_SECONDS", -1.0)

    assert _numbers(line.take()) == [1]


def test_two_recordings_of_two_models_do_not_have_them_loaded_in_turn_for_each_batch() -> None:
    models = Models(seconds=30)
    line = Line(models)
    long_ago = time.monotonic() - 1000
    one, other = recording(1), recording(2, model="large")
    line.put([replace(piece(one, 28), since=long_ago) for _ in range(3)])
    assert _numbers(line.take()) == [1]
    line.put([replace(piece(other, 28), since=long_ago + 1) for _ in range(3)])
    assert _numbers(line.take()) == [2]
    models.loaded = {"large"}

    assert [_numbers(line.take()), _numbers(line.take())] == [[2], [2]]


def test_what_is_left_of_a_piece_goes_before_what_comes_after_it() -> None:
    line = Line(Models(seconds=30))
    alone = recording(1)
    first, *others = [piece(alone, 25) for _ in range(3)]
    line.put([first, *others])
    assert line.take() == [first]
    rest = first.rest(20)

    line.put([rest])

    assert [line.take(), line.take(), line.take()] == [[rest], [others[0]], [others[1]]]


def test_what_is_dropped_is_not_served() -> None:
    line = Line(Models())
    gone, other = recording(1), recording(2)
    line.put([piece(gone, 5), piece(other, 5), piece(gone, 5)])

    line.drop(gone)

    assert not line._holds(gone)
    assert _numbers(line.take()) == [2]


def test_those_who_are_idle_share_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line(Models())
    changed = line._changed
    waiting, wait_for = threading.Semaphore(0), changed.wait_for

    def counted(is_true: Callable[[], object]) -> object:
        waiting.release()
        return wait_for(is_true)

    monkeypatch.setattr(changed, "wait_for", counted)
    taken: list[list[int]] = []
    takers = [threading.Thread(target=lambda: taken.append(_numbers(line.take()))) for _ in range(2)]
    for taker in takers:
        taker.start()
        waiting.acquire(timeout=10)

    line.put([piece(recording(number), 5) for number in range(4)])
    for taker in takers:
        taker.join(10)

    assert sorted(map(len, taken)) == [2, 2]
