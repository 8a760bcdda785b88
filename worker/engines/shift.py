from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from playhead.errors import EngineCrashedError, EngineDiedError
from playhead.settings import SpeechSettings
from worker.engines.clocks import Clocks
from worker.engines.death import cause_of_death
from worker.engines.lines import EXIT_USELESS, Cancel
from worker.engines.memory_bound import MemoryBound
from worker.engines.messages import Reply, Stepped
from worker.engines.process import EngineProcess
from worker.engines.work import Work

log = structlog.get_logger(__name__)

# A recording that saw more engines die is given up for this attempt, though nothing was proved: on a machine without
# memory every engine dies that holds several.
_MOST_BEREAVED = 5
_HUNG = "it hung"
_NONSENSE = "it said what its worker could not understand"
_UNHEARD = "its worker could not listen to it"


class Shift:
    """One engine process from its start to its death, and the recordings in its hands.

    When it dies or hangs while it is busy with a recording and has begun no other, that one fails, with
    :class:`~playhead.errors.EngineDiedError`, and the cause is named. Where others were begun too, any of them may be
    the cause, whatever the engine said that it was doing: it decodes one while it cuts the next stretch of another. So
    none fails, and each is put on trial. What does not fail is handed to ``on_over``, to go on elsewhere from where it
    was.

    Attributes:
        taken: recordings that began with it.
        over: set when the process is gone, or given up.
        is_undead: whether it was given up: it lives on though it was killed, and its device is not free.
    """

    def __init__(self, process: EngineProcess, settings: SpeechSettings, on_over: Callable[[list[Work]], None]) -> None:
        self.process = process
        self.taken = 0
        self.over = asyncio.Event()
        self.is_undead = False
        self._settings = settings
        self._on_over = on_over
        self._works: dict[int, Work] = {}
        self._clocks = Clocks(settings, self._hung)
        self._bound = MemoryBound(settings)
        self._purpose: str | None = None
        self._nonsense: str | None = None
        self._is_unheard = False  # for a reason of the worker's own, such as too many files open
        self._guilty: dict[int, EngineCrashedError] = {}
        self._ending = asyncio.Event()  # What does not die may never end what it says either.
        self._attending = asyncio.create_task(self._attend())

    @property
    def is_ending(self) -> bool:
        """Whether it takes no more work: it was told to end, or it is dead."""
        return self._purpose is not None or self.is_undead or self.process.is_dead

    @property
    def is_replaceable(self) -> bool:
        """Whether nothing in hand would lose by it: what was begun and made no step would be read from its start.

        A long recording would never be read to its end, if each of many short ones could have the engine renewed.
        """
        return all(work.has_stepped or not work.is_begun for work in self._works.values())

    def give(self, work: Work) -> None:
        """Put a recording in its hands."""
        self.taken += work.carried == 0
        self._works[work.id] = work
        work.pick_up()
        self.process.send(work.begin)
        self._clocks.listen()

    async def take_back(self, work: Work) -> None:
        """Have the device free of a recording: politely, or else by ending the process."""
        if work.id in self._works and not work.is_ended:
            self.process.send(Cancel(id=work.id))
            try:
                await asyncio.wait_for(work.ended(), self._settings.cancel_seconds)
            except TimeoutError:
                self._forget(work)
                self.kill("it did not let go of a canceled recording")
                await self.over.wait()
        self._forget(work)

    def dismiss(self, purpose: str) -> None:
        """Have it end; what is in its hands goes on elsewhere."""
        self._purpose = self._purpose or purpose
        self.process.dismiss()
        self._ending.set()

    def kill(self, purpose: str) -> None:
        """End it at once; what is in its hands goes on elsewhere."""
        self._purpose = self._purpose or purpose
        self.process.kill()
        self._ending.set()

    async def _attend(self) -> None:
        listening, ending = asyncio.create_task(self._listen()), asyncio.create_task(self._ending.wait())
        await asyncio.wait([listening, ending], return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        try:
            returncode = await self.process.gone()
        except TimeoutError:
            listening.cancel()
            self._give_up()
            return
        await listening
        cause = self._purpose or self._nonsense or cause_of_death(returncode)
        if not self._purpose and not self._is_unheard and returncode != EXIT_USELESS:
            self._blame(f"The engine died: {cause}.")
        left = self._settle(cause)
        self.over.set()
        self._on_over(left)
        self._tell_of_death(cause)  # Last: on a full disk a log cannot be written.

    def _give_up(self) -> None:
        """No other engine may have the device: nothing in hand can go on in this worker."""
        self.is_undead = True
        for work in list(self._works.values()):
            self._forget(work)
            work.fail(EngineCrashedError("The engine was killed and does not die: its device or file system hangs."))
        self.over.set()
        self._on_over([])
        log.critical("engine_undead", pid=self.process.pid, printed=self.process.printed)

    async def _listen(self) -> None:
        """Take in what it says, until it says no more, or what nobody can understand."""
        try:
            async for reply in self.process.replies():
                work = self._works.get(reply.id)
                if work:
                    self._take(work, reply)
        except Exception as error:  # whatever it is: only at its end do its recordings hear of it
            self.process.kill()
            self._is_unheard = not isinstance(error, ValueError)
            self._nonsense = _UNHEARD if self._is_unheard else _NONSENSE
            log.exception("engine_unintelligible", pid=self.process.pid)

    def _take(self, work: Work, reply: Reply) -> None:
        work.take(reply)
        self._clocks.wind(work)
        if work.is_ended:
            self._forget(work)
        if isinstance(reply, Stepped) and self._is_outgrown():
            self.dismiss("outgrown")

    def _is_outgrown(self) -> bool:
        if self.is_ending:
            return False
        return self._bound.is_passed(self.process.pid, at_a_price=not self.is_replaceable)

    def _hung(self, work: Work | None, message: str) -> None:
        if self._purpose:
            return
        if work:
            self._blame(message)
        else:
            self._guilty = {number: EngineCrashedError(message) for number in self._works}
        self.kill(_HUNG)

    def _forget(self, work: Work) -> None:
        self._clocks.stop(work)
        self._works.pop(work.id, None)
        work.put_down()
        if not self._works:
            self._clocks.rest()

    def _tell_of_death(self, cause: str) -> None:
        if self._purpose:
            log.info("engine_ended", pid=self.process.pid, purpose=self._purpose)
        else:
            log.error("engine_died", pid=self.process.pid, cause=cause, printed=self.process.printed)

    def _blame(self, message: str) -> None:
        """Where one alone was begun it is the cause, unless it only waited; of several any may be."""
        begun = [work for work in self._works.values() if work.is_begun]
        for work in begun:
            if len(begun) > 1:
                work.on_trial = True
            elif work.stage != "waiting":
                self._guilty[work.id] = _error(message, work)

    def _settle(self, cause: str) -> list[Work]:
        """Fail the recordings that are to blame, and give those that are not."""
        left: list[Work] = []
        for work in list(self._works.values()):
            self._forget(work)
            work.carried += 1
            work.bereaved += self._purpose in {None, _HUNG}
            if work.bereaved > _MOST_BEREAVED:
                message = f"{work.bereaved} engines died with it in hand, the last: {cause}."
                self._guilty.setdefault(work.id, EngineCrashedError(message))
            if work.id in self._guilty:
                work.fail(self._annotated(self._guilty[work.id]))
            else:
                left.append(work)
        return left

    def _annotated(self, error: EngineCrashedError) -> EngineCrashedError:
        for line in self.process.printed:
            error.add_note(line)
        return error


def _error(message: str, work: Work) -> EngineCrashedError:
    """What the only recording that the engine had begun ends with.

    An engine that dies of loading a model dies of the model: whatever recording is next would see the same.
    """
    return EngineCrashedError(message) if work.stage == "loading" else EngineDiedError(message)
