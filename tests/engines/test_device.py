"""The device at work, with a model that fails."""

from __future__ import annotations

import os
import threading
import time
from typing import Any, cast

import numpy as np
import pytest

from playhead.errors import PlayheadError
from playhead.settings import SpeechSettings
from tests.engines.pieces import piece, recording
from worker.engines.speech import device as device_module
from worker.engines.speech.capacity import Capacity
from worker.engines.speech.device import Device
from worker.engines.speech.heard import Heard
from worker.engines.speech.line import Line
from worker.engines.speech.model import Model
from worker.engines.speech.pieces import Piece
from worker.engines.speech.recording import Recording
from worker.engines.speech.roll import Roll

NUMBERS = range(1, 10)


class Told:
    """Replies, kept."""

    def __init__(self) -> None:
        self.failures: dict[int, str] = {}

    def working(self, number: int, stage: str) -> None:
        pass

    def ended(self, number: int) -> None:
        pass

    def failed(self, number: int, error: PlayheadError) -> None:
        self.failures[number] = error.code


class Loaded:
    """One model, in memory."""

    def __init__(self, windows: int) -> None:
        self.model = Model("tiny", cast("Any", None), Capacity(windows), 1, threading.Semaphore(1), 0.5)

    def has(self, _: str) -> bool:
        return True

    def room_seconds(self, _: str) -> float:
        return self.model.capacity.seconds

    def get(self, _: str) -> Model:
        return self.model


class Counting:
    """As much of a scheduler as the device needs; the line ends when all were served."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.taken: dict[int, float] = {}

    def take_up(self, batch: list[Piece]) -> list[Piece]:
        return batch

    def put_down(self, batch: list[Piece]) -> None:
        pass

    def take(self, one: Piece, _: Heard, device_seconds: float) -> None:
        self.taken[one.recording.id] = device_seconds


class Bench:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, windows: int = 8) -> None:
        self.told, self.loaded, self.scheduler = Told(), Loaded(windows), Counting(len(NUMBERS))
        self.roll = Roll(cast("Any", self.told))
        self.line = Line(self.loaded)
        self.batches: list[int] = []
        self.device = Device(
            SpeechSettings(),
            cast("Any", self.loaded),
            self.line,
            self.roll,
            cast("Any", self.scheduler),
            cast("Any", self.told),
        )
        monkeypatch.setattr(device_module, "features", lambda _, pieces: np.zeros((len(pieces), 80, 3000)))
        self.recordings: list[Recording] = [recording(number) for number in NUMBERS]
        for one in self.recordings:
            self.roll.enter(one)
        self.line.put([piece(one, 26) for one in self.recordings])

    def serve(self) -> None:
        while any(self.line._holds(one) for one in self.recordings):
            self.device.serve(self.line.take())


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


@pytest.mark.parametrize("error", [RuntimeError("CUDA failed with error out of memory"), MemoryError()])
def test_batches_are_halved_until_they_fit_and_stay_so(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def decode(_: Model, pieces: list[Piece], *__: object) -> list[Heard]:
        bench.batches.append(len(pieces))
        if len(pieces) > 2:
            raise error
        return [Heard("en", 1.0, [], None, is_doubtful=False)] * len(pieces)

    monkeypatch.setattr(device_module, "decode", decode)
    bench.serve()

    assert bench.batches == [1, 8, 4, 2, 2, 2, 2]
    assert sorted(bench.scheduler.taken) == list(NUMBERS)
    assert not bench.told.failures


def test_what_fails_for_one_fails_for_that_one_alone(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def decode(_: Model, pieces: list[Piece], *__: object) -> list[Heard]:
        bench.batches.append(len(pieces))
        if any(one.recording.id == 3 for one in pieces):
            raise OSError("unreadable")
        return [Heard("en", 1.0, [], None, is_doubtful=False)] * len(pieces)

    monkeypatch.setattr(device_module, "decode", decode)
    bench.serve()

    assert bench.batches == [1, 8, *[1] * 8]
    assert sorted(bench.scheduler.taken) == [number for number in NUMBERS if number != 3]
    assert bench.told.failures == {3: "engine_crashed"}


def test_one_that_does_not_fit_alone_fails_and_the_process_is_of_no_more_use(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, windows=1)
    ended: list[int] = []

    def decode(*_: object) -> list[Heard]:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(device_module, "decode", decode)
    monkeypatch.setattr(os, "_exit", ended.append)
    bench.serve()

    assert len(bench.told.failures) == len(ended) == len(NUMBERS)


def test_the_time_of_a_batch_is_shared_by_length(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        device_module, "decode", lambda _, pieces, *__: [Heard("en", 1.0, [], None, is_doubtful=False)] * len(pieces)
    )
    clock = iter([100.0, 101.0, 200.0, 216.0])
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    bench.serve()

    # On a half of the device: one alone for a second, to see how fast it is, and then eight for 16 s.
    assert list(bench.scheduler.taken.values()) == [0.5, *[1.0] * 8]
