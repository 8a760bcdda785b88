"""A program at work, from outside: what it says, what it complains of, how it ends."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

import structlog

from playhead.errors import EngineCrashedError, EngineDiedError
from worker.engines.death import cause_of_death

log = structlog.get_logger(__name__)

LONGEST_LINE = 1024 * 1024
# What a launcher and a dynamic linker end with: the program is not there, or lacks a library.
_NOT_STARTED = frozenset({126, 127})
_LAST_LINES = 40
_LONGEST_COMPLAINT = 300
# How long one may take to end by itself when it has said all.
_ENDING_SECONDS = 60.0
# How long one that was killed may take: in a driver or on a dead file server it may never hear even of that.
_DYING_SECONDS = 30.0


class NotStartedError(EngineCrashedError):
    """There is no such program, or it lacks what it needs."""


class Program:
    """A program that runs. Made by :func:`worker.engines.programs.running.running`."""

    def __init__(self, process: asyncio.subprocess.Process, name: str) -> None:
        self._process = process
        self._name = name
        self._complaints: deque[str] = deque(maxlen=_LAST_LINES)
        self._listening = asyncio.create_task(self._listen())

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    @property
    def complaints(self) -> list[str]:
        """The last lines that it wrote to its standard error."""
        return list(self._complaints)

    async def line(self, within_seconds: float) -> bytes:
        """The next line of what it says; empty at the end.

        Raises:
            EngineDiedError: it said nothing for so long. It is killed.
        """
        try:
            return await asyncio.wait_for(_said(self._process).readline(), max(0.0, within_seconds))
        except TimeoutError:
            raise EngineDiedError(f"{self._name} got nowhere for too long and was ended.") from None
        except ValueError as error:
            raise EngineCrashedError(f"{self._name} said what nobody can understand.") from error

    async def lines(self, silence_seconds: float) -> AsyncIterator[bytes]:
        """All lines of one whose every line is a step ahead."""
        while line := await self.line(silence_seconds):
            yield line

    async def ended(self) -> int:
        """Its exit code, once it has ended by itself.

        Raises:
            NotStartedError: it never ran.
            EngineDiedError: a signal ended it, or it does not end though it has nothing more to say.
        """
        try:
            returncode = await asyncio.wait_for(self._process.wait(), _ENDING_SECONDS)
        except TimeoutError:
            raise EngineDiedError(f"{self._name} did not end when it was done, and was ended.") from None
        await self._listening
        if returncode in _NOT_STARTED:
            raise self._noted(NotStartedError(f"{self._name} could not be started: {self._last_words()}"))
        if returncode < 0:
            raise self._noted(EngineDiedError(f"{self._name} died: {cause_of_death(returncode)}."))
        return returncode

    def _last_words(self) -> str:
        return self._complaints[-1] if self._complaints else "it does not say why"

    def _noted(self, error: EngineCrashedError) -> EngineCrashedError:
        for complaint in self.complaints[-5:]:
            error.add_note(complaint)
        return error

    async def gone(self) -> None:
        """End it at once, if it has not ended, and wait for that."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
        try:
            await asyncio.wait_for(self._process.wait(), _DYING_SECONDS)
        except TimeoutError:
            log.critical("program_undead", name=self._name, pid=self.pid)
        self._listening.cancel()

    async def _listen(self) -> None:
        stream = self._process.stderr
        begun = b""
        while stream and (printed := await stream.read(LONGEST_LINE)):
            *lines, begun = (begun + printed.replace(b"\r", b"\n")).split(b"\n")
            self._note(lines)
            begun = begun[:_LONGEST_COMPLAINT]
        self._note([begun])

    def _note(self, lines: Sequence[bytes]) -> None:
        texts = (line[:_LONGEST_COMPLAINT].decode(errors="replace").rstrip() for line in lines)
        self._complaints.extend(text for text in texts if text)


def _said(process: asyncio.subprocess.Process) -> asyncio.StreamReader:
    if process.stdout is None:
        raise RuntimeError("the program was started without a pipe")
    return process.stdout
