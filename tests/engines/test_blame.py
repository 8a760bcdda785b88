"""Which deaths of an engine are put down to a recording."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, cast

import pytest

from playhead.engines import SpeechOptions
from playhead.errors import EngineCrashedError, EngineDiedError
from playhead.settings import SpeechSettings
from worker.engines.lines import EXIT_USELESS, Message
from worker.engines.messages import Begin, Reply, Stage, Working
from worker.engines.shift import Shift
from worker.engines.work import Work

if TYPE_CHECKING:
    from worker.engines.process import EngineProcess

SEGFAULT = -signal.SIGSEGV


class Process:
    """An engine that says what it is told to, and dies when told to."""

    pid = 1
    is_dead = False
    printed = ("Fatal Python error: Segmentation fault",)

    def __init__(self) -> None:
        self._said: asyncio.Queue[Reply | Exception | int] = asyncio.Queue()
        self._returncode: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def say(self, work: Work, stage: Stage) -> None:
        self._said.put_nowait(Working(id=work.id, stage=stage))

    async def heard(self) -> None:
        """Wait until its worker has taken in all that it said."""
        await self._said.join()

    def break_off(self, error: Exception) -> None:
        self._said.put_nowait(error)

    def die(self, returncode: int) -> None:
        self._said.put_nowait(returncode)
        if not self._returncode.done():
            self._returncode.set_result(returncode)

    def send(self, message: Message) -> None:
        """Hear nothing."""

    def kill(self) -> None:
        self.die(-signal.SIGKILL)

    async def replies(self) -> AsyncIterator[Reply]:
        while not isinstance(said := await self._said.get(), int):
            if isinstance(said, Exception):
                raise said
            yield said
            self._said.task_done()

    async def gone(self) -> int:
        return await self._returncode


class Hands:
    """An engine with recordings in its hands, each at a stage; None for one that it has not begun."""

    def __init__(self, *stages: Stage | None, **settings: float) -> None:
        self.process = Process()
        self.left: list[Work] = []
        self.settings = SpeechSettings.model_validate(settings)
        self.shift = Shift(cast("EngineProcess", self.process), self.settings, self.left.extend)
        self.works = [Work(Begin(id=number, recording="", options=SpeechOptions())) for number in range(len(stages))]
        for work, stage in zip(self.works, stages, strict=True):
            self.shift.give(work)
            if stage:
                self.process.say(work, stage)

    async def errors(self) -> list[type[EngineCrashedError] | None]:
        """What each recording ends with once the engine is over; None for one that goes on elsewhere."""
        await asyncio.wait_for(self.shift.over.wait(), 30)
        return [None if work in self.left else await self._error(work) for work in self.works]

    @staticmethod
    async def _error(work: Work) -> type[EngineCrashedError]:
        with pytest.raises(EngineCrashedError) as raised:
            await work.next()
        assert raised.value.__notes__ == list(Process.printed)
        return type(raised.value)


@pytest.mark.parametrize(
    ("stages", "errors"),
    [
        (["decoding"], [EngineDiedError]),
        (["reading"], [EngineDiedError]),
        (["decoding", None], [EngineDiedError, None]),
        (["loading"], [EngineCrashedError]),
        (["loading", "reading"], [None, None]),
        (["decoding", "waiting"], [None, None]),
        (["waiting"], [None]),
        ([None, None], [None, None]),
    ],
)
async def test_a_death_is_put_down_to_what_the_engine_was_busy_with_if_it_had_begun_no_other(
    stages: list[Stage | None], errors: list[type[EngineCrashedError] | None]
) -> None:
    hands = Hands(*stages)
    hands.process.die(SEGFAULT)
    assert await hands.errors() == errors


async def test_of_several_that_were_begun_each_is_put_on_trial() -> None:
    """The last, too: its next stretch may be cut while it waits for its turn."""
    hands = Hands("decoding", "reading", "waiting", None)
    hands.process.die(SEGFAULT)
    assert await hands.errors() == [None] * 4
    assert [work.on_trial for work in hands.works] == [True, True, True, False]
    assert [work.bereaved for work in hands.works] == [1] * 4


async def test_a_lost_device_is_put_down_to_nobody() -> None:
    hands = Hands("decoding")
    hands.process.die(EXIT_USELESS)
    assert await hands.errors() == [None]


async def test_an_engine_that_its_worker_ends_is_put_down_to_nobody() -> None:
    hands = Hands("decoding")
    hands.shift.kill("closed")
    assert await hands.errors() == [None]


@pytest.mark.parametrize(("stage", "error"), [("decoding", EngineDiedError), ("loading", EngineCrashedError)])
async def test_a_hang_is_put_down_to_what_got_nowhere(stage: Stage, error: type[EngineCrashedError]) -> None:
    hands = Hands(stage, None)
    # Only now: the time in which it has to say its first word runs already, and that is yet to be heard.
    hands.settings.hang_seconds = hands.settings.start_timeout_seconds = 0.01
    assert await hands.errors() == [error, None]


async def test_a_hang_of_one_may_be_the_fault_of_another_that_was_begun() -> None:
    """One waits for the thread that cuts, the other keeps it."""
    hands = Hands("reading", "waiting", hang_seconds=0.01)
    assert await hands.errors() == [None, None]
    assert [(work.on_trial, work.bereaved) for work in hands.works] == [(True, 1)] * 2


async def test_a_second_hang_proves_nothing_of_an_engine_that_is_being_ended() -> None:
    hands = Hands("reading", "reading")
    first, second = hands.works
    await hands.process.heard()
    hands.shift._hung(first, "first")
    hands.shift._forget(first)
    hands.shift._hung(second, "second")
    await asyncio.wait_for(hands.shift.over.wait(), 30)
    assert hands.left == [second]


async def test_what_saw_many_engines_die_while_it_waited_is_not_condemned_for_ever() -> None:
    hands = Hands("waiting")
    (work,) = hands.works
    work.bereaved = 5
    hands.process.die(SEGFAULT)
    assert await hands.errors() == [EngineCrashedError]


async def test_an_engine_that_its_worker_cannot_listen_to_is_ended_and_put_down_to_nobody() -> None:
    """As one whose memory cannot be measured, because the worker has too many files open."""
    hands = Hands("decoding")
    hands.process.break_off(OSError(24, "Too many open files"))
    assert await hands.errors() == [None]
    assert hands.works[0].bereaved == 1
