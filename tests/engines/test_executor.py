"""Whose work is done next."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future

import pytest

from worker.engines.speech.executor import FairExecutor


class Busy:
    """An executor whose only thread is busy until it is released, and the order in which it did the rest."""

    def __init__(self) -> None:
        self.executor = FairExecutor(1, "busy")
        self.done: list[str] = []
        self._begun, self._released = threading.Event(), threading.Event()
        self._futures: list[Future[None]] = [self.executor.submit(self._wait, length=1, priority=0)]
        assert self._begun.wait(10)

    def put(self, name: str, *, length: float = 1, priority: int = 0, then: Callable[[], None] | None = None) -> None:
        def work() -> None:
            self.done.append(name)
            if then:
                then()

        self._futures.append(self.executor.submit(work, length=length, priority=priority))

    def order(self) -> list[str]:
        self._released.set()
        for future in self._futures:  # It grows while what is done asks for more.
            future.result(10)
        return self.done

    def _wait(self) -> None:
        self._begun.set()
        assert self._released.wait(10)


def test_the_most_urgent_is_first() -> None:
    busy = Busy()
    busy.put("short")
    busy.put("urgent", length=300, priority=5)
    busy.put("most urgent", length=300, priority=10)

    assert busy.order() == ["most urgent", "urgent", "short"]


def test_of_the_same_priority_the_shortest_is_first() -> None:
    busy = Busy()
    busy.put("look ahead", length=300)
    busy.put("first minute", length=60)
    busy.put("clip", length=5)

    assert busy.order() == ["clip", "first minute", "look ahead"]


def test_of_the_same_length_the_oldest_is_first() -> None:
    busy = Busy()
    names = [f"{number}" for number in range(12)]
    for name in names:
        busy.put(name)

    assert busy.order() == names


def test_a_clip_overtakes_all_others_in_flight_whenever_it_comes() -> None:
    busy = Busy()
    for number in range(14):
        busy.put(f"{number}", length=60, then=(lambda: busy.put("clip", length=3)) if number == 12 else None)

    assert busy.order()[-2:] == ["clip", "13"]


def test_nobody_is_overtaken_for_ever() -> None:
    busy = Busy()
    left = iter(range(1000))

    def again() -> None:
        if next(left, None) is not None:
            busy.put("short", then=again)

    busy.put("long", length=5)
    busy.put("short", then=again)

    assert busy.order().index("long") < 100


def test_an_error_is_the_futures_and_the_next_is_done() -> None:
    executor = FairExecutor(1, "failing")

    def fail() -> None:
        raise SystemExit(3)

    failing = executor.submit(fail, length=1, priority=0)
    with pytest.raises(SystemExit):
        failing.result(10)

    assert executor.submit(lambda: "done", length=1, priority=0).result(10) == "done"


def test_what_is_canceled_while_it_waits_is_not_begun_and_nobody_is_later_for_it() -> None:
    busy = Busy()
    gone = busy.executor.submit(lambda: busy.done.append("gone"), length=1000, priority=10)
    busy.put("first", length=5, then=lambda: busy.put("third", length=5))
    busy.put("second", length=6)

    assert gone.cancel()

    assert busy.order() == ["first", "third", "second"]


def test_several_threads_work_at_once() -> None:
    executor = FairExecutor(2, "two")
    both = threading.Barrier(2)

    meeting = [executor.submit(lambda: both.wait(10), length=1, priority=0) for _ in range(2)]

    assert sorted(one.result(10) for one in meeting) == [0, 1]
