from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Generic, TypeVar

import structlog
from pydantic import BaseModel

from playhead.errors import EngineCrashedError, EngineDiedError
from playhead.settings import ChildSettings
from worker.engines.child.messages import Ask, Replied
from worker.engines.child.talk import LostError, Talk
from worker.engines.chores import Chores, IdleClock
from worker.engines.process import ChildProcess

log = structlog.get_logger(__name__)

R = TypeVar("R", bound=BaseModel)


class Child(Generic[R]):
    """An engine in a process of its own, as its worker sees it: one request at a time, the others wait in line.

    The process is started on first use, ended when idle, and renewed when it died or had to be killed. There are never
    two.
    """

    def __init__(self, module: str, reply: type[R], settings: ChildSettings) -> None:
        self._module = module
        self._reply = reply
        self._settings = settings
        self._numbers = itertools.count(1)
        self._turn = asyncio.Lock()
        self._birth: asyncio.Task[ChildProcess] | None = None
        self._talk: Talk | None = None
        self._idle = IdleClock(settings.idle_unload_seconds, self._unload)
        self._chores = Chores()
        self._closed = False
        self._lost = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """The engine's process; None while there is none."""
        return self._talk.process.pid if self._talk and not self._talk.is_over else None

    async def ask(self, request: BaseModel) -> AsyncGenerator[R, None]:
        """What the engine replies. Closing the iterator has the engine let go of the request, or ends it.

        Raises:
            EngineDiedError: the engine died or hung with this request in hand, and no other.
            EngineCrashedError: it could not be started, or was closed.
            PlayheadError: as the engine itself tells it: see :mod:`worker.engines.told`.
        """
        await self._turn.acquire()
        try:
            self._idle.stop()
            talk = await self._begun(Ask(id=next(self._numbers), request=request.model_dump(mode="json")))
            while replied := await self._next(talk):
                yield self._reply.model_validate(replied.reply)
        finally:
            # In a task of its own: whoever is canceled twice would leave the engine at work, and the next in line out.
            await asyncio.shield(self._chores.begin(self._put_down()))

    async def lost(self) -> None:
        """Wait until the engine lives on though it was killed."""
        await self._lost.wait()

    async def close(self) -> None:
        """End the engine and wait for it."""
        self._closed = True
        self._idle.stop()
        await self._end("closed")
        await self._chores.done()

    async def _begun(self, ask: Ask) -> Talk:
        """The engine, with the request in hand. One that is lost before that was idle, and is renewed."""
        error: EngineCrashedError | None = None
        for _ in range(2):
            talk = await self._ready()
            try:
                await talk.begin(ask, self._settings.hang_seconds)
            except LostError as lost:
                error = EngineCrashedError(f"The engine began nothing: {await talk.bury(lost)}.")
            else:
                return talk
        raise error or EngineCrashedError("The engine began nothing.")

    async def _ready(self) -> Talk:
        """An engine that can be asked."""
        if self._talk and self._talk.is_over:
            await self._talk.bury(LostError())
            self._talk = None
        if self._talk is None:
            self._talk = Talk(await self._started(), self._module, self._lost)
        try:
            await self._talk.ready(self._settings.start_timeout_seconds)
        except LostError as lost:
            raise await _error(EngineCrashedError, "No engine could be started", self._talk, lost) from lost
        return self._talk

    async def _started(self) -> ChildProcess:
        self._require_open()
        if self._lost.is_set():
            raise EngineCrashedError("No engine could be started: the last one was killed and does not die.")
        # In a task of its own: a start that is broken off half-way would leave a process that nobody knows of.
        self._birth = self._birth or asyncio.create_task(ChildProcess.spawn(self._module))
        try:
            process = await asyncio.shield(self._birth)
        except OSError as error:
            self._birth = None
            log.exception("engine_not_started", engine=self._module)
            raise EngineCrashedError(f"No engine could be started: {error.strerror}.") from error
        self._require_open()  # It took its time. Whoever closed this meanwhile ends the process.
        self._birth = None
        return process

    def _require_open(self) -> None:
        if self._closed:
            raise EngineCrashedError("The engine was closed.")

    async def _next(self, talk: Talk) -> Replied | None:
        try:
            return await talk.next(self._settings.hang_seconds)
        except LostError as lost:
            raise await _error(EngineDiedError, "The engine died", talk, lost) from lost

    async def _put_down(self) -> None:
        try:
            if self._talk:
                await self._talk.let_go(self._settings.cancel_seconds)
        finally:
            if not self._closed:
                self._idle.wind()
            self._turn.release()

    def _unload(self) -> None:
        if not self._turn.locked():  # Whoever has the turn sets the clock anew.
            self._chores.begin(self._end_idle())

    async def _end_idle(self) -> None:
        async with self._turn:
            await self._end("idle")

    async def _end(self, purpose: str) -> None:
        if self._birth:
            with suppress(OSError):
                self._talk = Talk(await self._birth, self._module, self._lost)
            self._birth = None
        if self._talk:
            await self._talk.end(purpose)


async def _error(kind: type[EngineCrashedError], happened: str, talk: Talk, lost: LostError) -> EngineCrashedError:
    """What the request of an engine that was lost ends with; it is not to blame where the worker ended that."""
    cause = await talk.bury(lost)
    error = EngineCrashedError(f"The engine was ended: {cause}.") if talk.purpose else kind(f"{happened}: {cause}.")
    for line in talk.process.printed:
        error.add_note(line)
    return error
