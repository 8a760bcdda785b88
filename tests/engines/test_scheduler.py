"""What becomes of recordings that are let go of while the device has something of them."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from playhead.settings import SpeechSettings
from tests.engines.pieces import piece, recording
from worker.engines.speech.heard import Heard
from worker.engines.speech.line import Line
from worker.engines.speech.recording import Recording
from worker.engines.speech.roll import Roll
from worker.engines.speech.scheduler import Scheduler
from worker.engines.speech.sound import Sound


class Ends:
    """Who was said to have ended, and what was said to be done with the others."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.stages: list[str] = []

    def working(self, _: int, stage: str) -> None:
        self.stages.append(stage)

    def ended(self, number: int) -> None:
        self.numbers.append(number)


class Desk:
    """A scheduler with recordings of which the device has a piece each."""

    def __init__(self, *recordings: Recording) -> None:
        self.ends = Ends()
        self.roll = Roll(cast("Any", self.ends))
        self.line = Line(cast("Any", None))
        self.scheduler = Scheduler(SpeechSettings(), cast("Any", None), self.line, self.roll, cast("Any", self.ends))
        for one in recordings:
            self.roll.enter(one)
        self.batch = self.scheduler.take_up([piece(one, 5) for one in recordings])


NOTHING = Heard("en", 1.0, [], None, is_doubtful=False)


def test_one_of_several_in_a_batch_is_let_go_of_at_once_and_what_it_says_goes_nowhere() -> None:
    desk = Desk(recording(1), recording(2))

    desk.scheduler.cancel(1)
    assert desk.ends.numbers == [1]

    desk.scheduler.put_down(desk.batch)
    desk.scheduler.take(desk.batch[0], NOTHING, 1.0)
    assert desk.ends.numbers == [1]


def test_who_has_the_device_for_itself_is_let_go_of_when_that_is_free() -> None:
    desk = Desk(recording(1))

    desk.scheduler.cancel(1)
    assert desk.ends.numbers == []

    desk.scheduler.put_down(desk.batch)
    desk.scheduler.take(desk.batch[0], NOTHING, 1.0)
    assert desk.ends.numbers == [1]


def test_who_has_the_device_for_itself_in_two_batches_is_let_go_of_when_both_are_done() -> None:
    desk = Desk(recording(1))
    other = desk.scheduler.take_up(desk.batch)
    desk.scheduler.cancel(1)

    for batch, ended in ((desk.batch, []), (other, [1])):
        desk.scheduler.put_down(batch)
        desk.scheduler.take(batch[0], NOTHING, 1.0)
        assert desk.ends.numbers == ended


def test_who_is_let_go_of_while_its_batch_fails_is_not_taken_up_again_and_nobody_waits_for_it() -> None:
    desk = Desk(recording(1))
    desk.scheduler.cancel(1)
    desk.scheduler.put_down(desk.batch)
    desk.line.put(desk.batch)

    assert desk.scheduler.take_up(desk.batch) == []
    assert desk.ends.numbers == [1]
    assert not desk.line._holds(desk.batch[0].recording)


@pytest.mark.parametrize("number", [1, 2])
def test_who_waits_is_let_go_of_at_once(number: int) -> None:
    desk = Desk(recording(1), recording(2))
    desk.scheduler.put_down(desk.batch)
    desk.line.put(desk.batch)

    desk.scheduler.cancel(number)

    assert desk.ends.numbers == [number]
    assert not desk.line._holds(desk.batch[number - 1].recording)
    desk.scheduler.cancel(7)  # Nobody knows it.


class Unhurried:
    """Prepares nothing yet."""

    def cut(self, *_: object) -> Future[Any]:
        return Future()


class Named:
    name = "tiny"
    multilingual = False


def test_whose_cut_waits_for_its_turn_is_not_said_to_be_busy(tmp_path: Path) -> None:
    desk, one = Desk(), recording(1)
    desk.scheduler._preparation = cast("Any", Unhurried())
    desk.roll.enter(one)
    with Sound(tmp_path) as sound:
        sound.append(np.zeros(16000, np.int16))
        one.sound = sound

        desk.scheduler.open(one, cast("Any", Named()))

    assert desk.ends.stages == ["waiting"]
