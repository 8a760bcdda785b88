"""How much is decoded in one batch."""

from __future__ import annotations

import pytest

from playhead.settings import SpeechSettings
from worker.engines.speech import capacity as capacity_module
from worker.engines.speech.capacity import Capacity, capacity

GIGABYTE = 1024**3


def test_one_window_is_tried_first_and_then_as_many_as_nobody_waits_too_long_for() -> None:
    room = Capacity(8)
    assert room.seconds == 30

    room.learn(30, 1.0)
    assert room.seconds == 8 * 30  # There is no memory for more.
    room.learn(240, 60.0)
    assert room.seconds == 60
    room.learn(60, 600.0)
    assert room.seconds == 30  # A model so slow is given one window at a time.


def test_what_was_too_much_for_the_memory_is_not_tried_again() -> None:
    room = Capacity(8)
    room.learn(30, 0.1)

    room.shrink(240)
    assert room.seconds == 120
    room.learn(120, 0.1)
    assert room.seconds == 120
    room.shrink(30)
    assert room.seconds == 30


@pytest.mark.parametrize(
    ("device", "free", "model_bytes", "batches", "windows"),
    [
        ("cpu", 16 * GIGABYTE, GIGABYTE // 10, 1, 2),
        ("cpu", GIGABYTE, GIGABYTE, 1, 1),
        ("cpu", 2 * GIGABYTE, GIGABYTE, 1, 2),
        ("cpu", 2 * GIGABYTE, GIGABYTE, 2, 1),
        ("cpu", GIGABYTE // 10, 3 * GIGABYTE, 1, 1),
        ("cpu", 0, GIGABYTE // 10, 1, 1),
        ("cuda", 80 * GIGABYTE, 3 * GIGABYTE, 1, 32),
        ("cuda", 5 * GIGABYTE, 3 * GIGABYTE, 1, 5),
        ("cuda", None, 3 * GIGABYTE, 1, 32),
    ],
)
def test_it_is_sized_to_the_memory_that_is_free(
    monkeypatch: pytest.MonkeyPatch, device: str, free: int | None, model_bytes: int, batches: int, windows: int
) -> None:
    monkeypatch.setattr(capacity_module, "free_bytes", lambda: free)
    monkeypatch.setattr(capacity_module, "available_bytes", lambda: free)

    room = capacity(SpeechSettings(), device, model_bytes, batches)
    room.learn(30, 0.001)

    assert room.seconds == windows * 30


def test_what_is_set_counts() -> None:
    room = capacity(SpeechSettings(batch_size=7), "cpu", 3 * GIGABYTE, 1)
    room.learn(30, 0.001)

    assert room.seconds == 7 * 30
