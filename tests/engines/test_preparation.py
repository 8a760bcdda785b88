"""Whose recording is read next, and cut next."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from playhead.errors import MediaUnreadableError
from playhead.settings import SpeechSettings
from tests.engines.pieces import recording
from worker.engines.speech import preparation as preparation_module
from worker.engines.speech.preparation import Preparation
from worker.engines.speech.recording import LetGoError, Recording
from worker.engines.speech.roll import Roll
from worker.engines.speech.sound import RATE, Sound

MEGABYTE = 1024 * 1024


class Told:
    """What the worker is told."""

    def __init__(self) -> None:
        self.stages: list[tuple[int, str]] = []

    def working(self, number: int, stage: str) -> None:
        self.stages.append((number, stage))

    def failed(self, *_: object) -> None:
        pass


class Bench:
    """A preparation in which whoever is named ``held`` is read, or cut, until it is released."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.told = Told()
        self.preparation = Preparation(SpeechSettings(), cast("Any", self.told))
        self.held, self.begun, self.released = 0, threading.Event(), threading.Event()
        self.order: list[int] = []
        self._folder = folder
        monkeypatch.setattr(preparation_module, "read", lambda path, *_: self._do(int(path.stem)))
        monkeypatch.setattr(preparation_module, "cut", lambda sound, *_, **__: self._do(sound.number))

    def file(self, number: int, size: int, priority: int = 0) -> Recording:
        """A recording of so many bytes, which take no room."""
        path = self._folder / f"{number}.wav"
        with path.open("wb") as file:
            file.truncate(size)
        made = recording(number, priority=priority)
        made.begin = made.begin.model_copy(update={"recording": str(path)})
        return made

    def sound(self, number: int, seconds: int) -> Sound:
        """As much of one as is asked for: how long it is, and whose."""
        return cast("Sound", SimpleNamespace(samples=seconds * RATE, number=number))

    def _do(self, number: int) -> None:
        self.order.append(number)
        if number == self.held:
            self.begun.set()
            assert self.released.wait(10)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Bench]:
    made = Bench(monkeypatch, tmp_path)
    yield made
    made.released.set()


def test_a_clip_is_read_while_long_ones_are_and_wait(bench: Bench) -> None:
    bench.held = 1
    long = [bench.preparation.read(bench.file(number, 100 * MEGABYTE)) for number in (1, 2, 3)]
    assert bench.begun.wait(10)

    bench.preparation.read(bench.file(4, MEGABYTE)).result(10)

    assert not any(one.done() for one in long)
    bench.released.set()
    for one in long:
        one.result(10)


def test_long_ones_are_read_by_priority_the_shortest_first(bench: Bench) -> None:
    bench.held = 1
    sizes = {1: 500, 2: 300, 3: 200, 4: 900, 5: 200}
    files = [bench.file(number, size * MEGABYTE, priority=int(number == 4)) for number, size in sizes.items()]
    reading = [bench.preparation.read(files[0])]
    assert bench.begun.wait(10)
    reading += [bench.preparation.read(one) for one in files[1:]]

    bench.released.set()
    for one in reading:
        one.result(10)

    assert bench.order == [1, 4, 3, 5, 2]


def test_stretches_are_cut_by_priority_the_shortest_first(bench: Bench) -> None:
    bench.held = 1
    spans = {1: 300, 2: 300, 3: 60, 4: 300, 5: 60}
    seconds = {4: 7200, 5: 5}  # The last is a clip: it ends before what is asked for.
    cutting = []
    for number, span in spans.items():
        sound = bench.sound(number, seconds.get(number, 3600))
        one = recording(number, priority=int(number == 4))
        cutting.append(bench.preparation.cut(one, sound, (0, span * RATE)))
        assert bench.begun.wait(10)

    bench.released.set()
    for future in cutting:
        future.result(10)

    assert bench.order == [1, 4, 5, 3, 2]
    assert bench.told.stages == [(number, "reading") for number in bench.order]


def test_who_was_let_go_or_failed_while_it_waited_is_neither_read_nor_cut(bench: Bench) -> None:
    roll = Roll(cast("Any", bench.told))
    canceled, failed = bench.file(1, MEGABYTE), bench.file(2, MEGABYTE)
    roll.enter(failed)
    canceled.cancel()
    roll.fail(failed, MediaUnreadableError("It is damaged."))

    for one in (canceled, failed):
        for future in (bench.preparation.read(one), bench.preparation.cut(one, bench.sound(one.id, 5), (0, RATE))):
            assert isinstance(future.exception(10), LetGoError)

    assert not bench.order
    assert not bench.told.stages


def test_a_file_that_is_gone_is_told_of_by_its_reading(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    preparation = Preparation(SpeechSettings(), cast("Any", Told()))
    monkeypatch.chdir(tmp_path)

    assert isinstance(preparation.read(recording()).exception(10), FileNotFoundError)
