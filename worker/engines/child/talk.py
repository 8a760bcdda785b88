from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog
from pydantic import ValidationError

from worker.engines.child.messages import Ask, Begun, FromEngine, Ready, Replied, from_engine
from worker.engines.death import cause_of_death
from worker.engines.lines import Cancel, Ended, Failed
from worker.engines.process import ChildProcess
from worker.engines.told import told_error

log = structlog.get_logger(__name__)


class LostError(Exception):
    """The engine is of no more use: it died, hung, or cannot be understood.

    Attributes:
        cause: in words; None where only its return code tells.
    """

    def __init__(self, cause: str | None = None) -> None:
        super().__init__(cause)
        self.cause = cause


class Talk:
    """One process of an engine, from its start to its death, and what is said with it.

    Attributes:
        busy_with: the request that it has in hand.
        purpose: why its worker ended it; None where it did not.
    """

    def __init__(self, process: ChildProcess, module: str, undead: asyncio.Event) -> None:
        self.process = process
        self.busy_with: int | None = None
        self.purpose: str | None = None
        self._module = module
        self._undead = undead
        self._is_ready = False
        self._end: asyncio.Task[str] | None = None

    @property
    def is_over(self) -> bool:
        """Whether it takes no more requests."""
        return self._end is not None or self.process.is_dead

    async def ready(self, seconds: float) -> None:
        """Wait until its libraries are loaded. Raises :class:`LostError`."""
        if not self._is_ready:
            await self._hear(seconds, Ready)
            self._is_ready = True

    async def begin(self, ask: Ask, seconds: float) -> None:
        """Give it a request, and wait until it has that in hand. Raises :class:`LostError`."""
        self.busy_with = ask.id
        self.process.write(ask.line())
        await self._hear(seconds, Begun)

    async def next(self, seconds: float) -> Replied | None:
        """The next reply; None at the end. Raises the error that it ended with, or :class:`LostError`."""
        while True:
            message = await self._hear(seconds, Begun, Replied, Ended, Failed)
            if isinstance(message, Replied):
                return message
            if not isinstance(message, Begun):
                self.busy_with = None
                if isinstance(message, Failed):
                    raise told_error(message.code, message.message, message.field)
                return None

    async def let_go(self, seconds: float) -> None:
        """Have it let go of what it has in hand: politely, or else by its death."""
        if self._end:
            await asyncio.shield(self._end)
        if self.busy_with is None or self.is_over:
            return
        self.process.write(Cancel(id=self.busy_with).line())
        with suppress(LostError, TimeoutError):
            async with asyncio.timeout(seconds):
                while not isinstance(await self._hear(None, Begun, Replied, Ended, Failed), Ended | Failed):
                    pass
                self.busy_with = None
                return
        await self.end("it did not let go of a canceled request", at_once=True)

    async def end(self, purpose: str, *, at_once: bool = False) -> None:
        """Have it end, and wait for that."""
        if at_once:
            self.process.kill()
        if self._end is None:
            self.purpose = purpose
        await self._ended(None)

    async def bury(self, lost: LostError) -> str:
        """End what is of no more use, and wait for that; why it is not, in words."""
        if lost.cause:
            self.process.kill()
        return await self._ended(lost.cause)

    async def _ended(self, cause: str | None) -> str:
        if self._end is None:
            self._end = asyncio.create_task(self._see_out(cause))
        return await asyncio.shield(self._end)

    async def _see_out(self, cause: str | None) -> str:
        try:
            returncode = await self.process.gone()
        except TimeoutError:
            self._undead.set()
            log.critical("engine_undead", engine=self._module, pid=self.process.pid, printed=self.process.printed)
            return "it was killed and does not die"
        cause = self.purpose or cause or cause_of_death(returncode)
        if self.purpose:
            log.info("engine_ended", engine=self._module, pid=self.process.pid, purpose=cause)
        else:
            log.error(
                "engine_died", engine=self._module, pid=self.process.pid, cause=cause, printed=self.process.printed
            )
        return cause

    async def _hear(self, seconds: float | None, *expected: type[FromEngine]) -> FromEngine:
        try:
            async with asyncio.timeout(seconds):
                line = await self.process.line()
            message = from_engine.validate_json(line) if line.endswith(b"\n") else None
        except TimeoutError:
            raise LostError(f"it said nothing for {seconds:g} seconds") from None
        except (ValidationError, ValueError):
            raise LostError("it said what its worker could not understand") from None
        if message is None:
            raise LostError
        if not isinstance(message, expected) or getattr(message, "id", self.busy_with) != self.busy_with:
            raise LostError("it said what its worker did not ask for")
        return message
