"""At most two writes a second for each run, whatever it says, and nothing of it is lost.

Time is given: the loop's clock goes as far as its next timer as soon as nobody has anything to do.
"""

from __future__ import annotations

import asyncio
import selectors
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

import worker.reporter
from worker.reporter import Reporter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from playhead.ledger.report import Said

    Work = Callable[[Reporter], Coroutine[Any, Any, None]]

MOST_A_SECOND = 2
APART_SECONDS = 1 / MOST_A_SECOND - 1e-6
"""The clock adds up floats."""


class Clock(selectors.SelectSelector):
    """Waits for no time: it has passed."""

    seconds = 0.0

    def select(self, timeout: float | None = None) -> Any:
        self.seconds += timeout or 0.0
        return super().select(0 if timeout else timeout)


class Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._clock = Clock()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.seconds


@dataclass
class Ledger:
    """Stands in for the database. It is away until a time; from then on each write takes so long."""

    write_seconds: float = 0.0
    away_until: float = 0.0
    tries: list[float] = field(default_factory=list)
    written: list[Said] = field(default_factory=list)

    @asynccontextmanager
    async def plain(self) -> AsyncIterator[None]:
        self.tries.append(now())
        if now() < self.away_until:
            raise ConnectionResetError
        yield

    async def report(self, _connection: None, _run: Any, said: Said) -> None:
        await asyncio.sleep(self.write_seconds)
        self.written.append(said)

    async def count_events(self, _connection: None, _run: Any) -> int:
        return len(self.told)

    @property
    def told(self) -> list[int]:
        return [item["id"] for said in self.written for _, items in said.events for item in items]

    def has_what_was_said(self, times: int) -> bool:
        """All of it, once and in order, and with each checkpoint what was told before it."""
        kept = [said.checkpoint for said in self.written]
        told = [len(Ledger(written=self.written[: place + 1]).told) for place in range(len(kept))]
        return self.told == list(range(times)) and kept == [{"steps": count} for count in told]


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> Ledger:
    made = Ledger()
    monkeypatch.setattr(worker.reporter, "report", made.report)
    monkeypatch.setattr(worker.reporter, "count_events", made.count_events)
    return made


def now() -> float:
    return asyncio.get_running_loop().time()


async def say(reporter: Reporter, times: int, pause_seconds: float) -> None:
    for number in range(times):
        reporter.progress(number / times, "working", None)
        reporter.event("step", [{"id": number}])
        reporter.checkpoint({"steps": number + 1})
        await asyncio.sleep(pause_seconds)


def run(ledger: Ledger, work: Work) -> None:
    """As a runner does: it writes what gathers while the work lasts, and the rest when that has ended."""

    async def all_of_it() -> None:
        reporter = Reporter(cast("Any", ledger), cast("Any", SimpleNamespace(lease=1)))
        with reporter.at_work(lambda _: None):
            await work(reporter)
        await reporter.flush()

    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(all_of_it())


def are_apart(tries: list[float]) -> bool:
    """But for the last, which is the run's end."""
    return all(later - earlier >= APART_SECONDS for earlier, later in pairwise([0.0, *tries[:-1]]))


@pytest.mark.parametrize("write_seconds", [0.0, 0.3, 2.0])
def test_however_often_a_run_speaks_it_is_written_twice_a_second(ledger: Ledger, write_seconds: float) -> None:
    ledger.write_seconds = write_seconds
    run(ledger, lambda reporter: say(reporter, 1000, 0.01))
    assert are_apart(ledger.tries)
    assert len(ledger.tries) >= 10 // (1 / MOST_A_SECOND + write_seconds), "nor is it kept back for longer"
    assert ledger.has_what_was_said(1000)


def test_of_work_that_is_over_soon_all_is_written_at_its_end(ledger: Ledger) -> None:
    run(ledger, lambda reporter: say(reporter, 40, 0.01))
    assert len(ledger.tries) == 1
    assert ledger.has_what_was_said(40)


def test_of_what_says_nothing_more_nothing_more_is_written(ledger: Ledger) -> None:
    async def work(reporter: Reporter) -> None:
        await say(reporter, 1, 3600)

    run(ledger, work)
    assert len(ledger.tries) == 1
    assert ledger.has_what_was_said(1)


def test_a_database_that_is_away_is_asked_twice_a_second_and_told_all_when_it_is_back(ledger: Ledger) -> None:
    ledger.away_until = 5.0
    run(ledger, lambda reporter: say(reporter, 1000, 0.01))
    assert are_apart(ledger.tries)
    assert ledger.has_what_was_said(1000)
