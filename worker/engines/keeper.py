from __future__ import annotations

import asyncio
import errno
from pathlib import Path

import structlog

from playhead.errors import EngineCrashedError
from playhead.settings import SpeechSettings
from worker.engines.chores import Chores, IdleClock
from worker.engines.process import EngineProcess
from worker.engines.shift import Shift
from worker.engines.work import Work

log = structlog.get_logger(__name__)


class EngineKeeper:
    """Gives recordings to an engine process, and sees to it that there is one, and never two.

    It is started when there is work, renewed after its share of recordings or memory, and ended when idle.

    Recordings that may have killed an engine go before all others, one at a time: the next is given only when that one
    has made a step, or is gone. So whoever killed the one engine is alone in another.
    """

    def __init__(self, settings: SpeechSettings, measured: Path | None = None) -> None:
        """``measured``: the file that keeps what engines measured of this machine."""
        self._settings = settings
        self._measured = measured
        self._shift: Shift | None = None
        self._starting = asyncio.Lock()
        self._hands: dict[int, Shift] = {}
        self._wanted: set[int] = set()
        self._line: list[Work] = []
        self._idle = IdleClock(settings.idle_unload_seconds, lambda: self._dismiss("idle"))
        self._chores = Chores()
        self._closed = False
        self._lost = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """The engine's process; None while there is none."""
        return self._shift.process.pid if self._shift and not self._shift.over.is_set() else None

    async def take_on(self, work: Work) -> None:
        """Have a recording worked on.

        Raises:
            EngineCrashedError: no process can be started.
        """
        self._wanted.add(work.id)
        # In a task of its own: a start that is broken off half-way would leave a process that nobody knows of.
        self._line.append(work)
        await asyncio.shield(self._chores.begin(self._give_next()))

    async def let_go(self, work: Work) -> None:
        """Have the device free of a recording, done or not."""
        await asyncio.shield(self._chores.begin(self._take_back(work)))

    async def lost(self) -> None:
        """Wait until an engine lives on though it was killed: there can be no other in this worker."""
        await self._lost.wait()

    async def close(self) -> None:
        """End the engine and wait for it."""
        self._closed = True
        self._idle.stop()
        self._dismiss("closed")  # Before its turn: a recording on trial may hold that for long.
        async with self._starting:
            self._dismiss("closed")
            if self._shift:
                await self._shift.over.wait()
        await self._chores.done()

    async def _give_next(self) -> None:
        """Give the first in line, whoever it is by then: each that joins the line brings one such turn."""
        self._idle.stop()
        async with self._starting:
            if not self._is_wanted():
                return
            try:
                shift = await self._ready(renew=self._line[0].carried == 0)
            except Exception as error:
                log.exception("engine_not_started")
                self._line.pop(0).fail(EngineCrashedError(f"No engine could be started: {_why(error)}."))
                return
            if self._is_wanted():  # It took its time.
                await self._give(self._line.pop(0), shift)

    async def _give(self, work: Work, shift: Shift) -> None:
        self._hands[work.id] = shift
        shift.give(work)
        if work.on_trial:
            await work.tried()

    def _is_wanted(self) -> bool:
        """Whether anybody in line is still to be given; the others leave it."""
        if self._closed:
            for work in self._line:
                work.fail(EngineCrashedError("The engine was closed."))
        self._line = [work for work in self._line if work.id in self._wanted and not self._closed]
        return bool(self._line)

    async def _ready(self, *, renew: bool) -> Shift:
        """The engine at work; a new one where it is dead, leaving, or, if it may be renewed, has had its share."""
        if renew and self._shift and self._is_worn(self._shift):
            self._shift.dismiss("renewed")
        if self._shift is None or self._shift.is_ending:
            if self._shift:
                await self._shift.over.wait()
            if self._lost.is_set():
                raise OSError(errno.EBUSY, "the last one was killed and does not die")
            process = await EngineProcess.start(self._settings, self._measured)
            self._shift = Shift(process, self._settings, self._was_over)
        return self._shift

    def _is_worn(self, shift: Shift) -> bool:
        return shift.taken >= self._settings.recycle_after_jobs and shift.is_replaceable

    async def _take_back(self, work: Work) -> None:
        self._wanted.discard(work.id)
        shift = self._hands.pop(work.id, None)
        if shift:
            await shift.take_back(work)
        if not self._wanted and not self._closed:
            self._idle.wind()

    def _was_over(self, left: list[Work]) -> None:
        if self._shift and self._shift.is_undead:
            self._lost.set()
        self._line = sorted([*left, *self._line], key=_rank)
        for _ in left:
            self._chores.begin(self._give_next())

    def _dismiss(self, purpose: str) -> None:
        if self._shift:
            self._shift.dismiss(purpose)


def _rank(work: Work) -> int:
    """Its place in the line. What its last engine got on with is less suspect than what that had just begun."""
    if not work.on_trial:
        return 2
    return 1 if work.has_stepped else 0


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
