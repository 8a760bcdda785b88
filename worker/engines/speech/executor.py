"""Work that is done in turn: the most urgent first; of what is as urgent the short, but nobody waits for ever."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

T = TypeVar("T")

# As many as there are recordings in flight: a short one then overtakes the long ones of all others.
_SLOWDOWN = 16


@dataclass(order=True)
class _Task(Generic[T]):
    rank: tuple[float, float, int]
    length: float = field(compare=False)
    work: Callable[[], T] = field(compare=False)
    future: Future[T] = field(compare=False)

    def run(self) -> None:
        try:
            result = self.work()
        except BaseException as error:  # noqa: BLE001 - whoever asked for the work is told
            self.future.set_exception(error)
        else:
            self.future.set_result(result)


class FairExecutor:
    """A few threads, and the work that waits for them.

    Of the same priority, the next is the one that is due first: when sixteen times its own length was done since it
    came. So all wait in proportion to what they ask for (Bender, Chakrabarti and Muthukrishnan, "Flow and stretch
    metrics for scheduling continuous job streams", 1998). What is due at the same time goes in the order that it came
    in.

    The threads live as long as the process, which does not wait for them when it ends: what is under way ends with it.
    """

    def __init__(self, threads: int, name: str) -> None:
        self._waiting: list[_Task[Any]] = []
        self._numbers = itertools.count()
        self._done = 0.0
        self._arrived = threading.Condition()
        for _ in range(threads):
            threading.Thread(target=self._run, name=name, daemon=True).start()

    def submit(self, work: Callable[[], T], *, length: float, priority: int) -> Future[T]:
        """Have ``work`` done, by and by. What it raises is the future's; if that is canceled before, it is not begun.

        ``length``: how long it takes, in any unit that is the same for all. ``priority``: those with more go first.
        """
        future: Future[T] = Future()
        with self._arrived:
            due = self._done + _SLOWDOWN * length
            heapq.heappush(self._waiting, _Task((-priority, due, next(self._numbers)), length, work, future))
            self._arrived.notify()
        return future

    def _run(self) -> None:
        while True:
            self._take().run()  # Without a name: what it came to is not kept until there is more to do.

    def _take(self) -> _Task[Any]:
        """Wait for the one whose turn it is."""
        with self._arrived:
            while True:
                self._arrived.wait_for(lambda: self._waiting)
                task = heapq.heappop(self._waiting)
                if task.future.set_running_or_notify_cancel():
                    self._done += task.length
                    return task
