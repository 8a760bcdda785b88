"""An engine's process, from outside: its pipes, what it prints, how it dies."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Self

import structlog

from playhead.settings import SpeechSettings
from worker.engines.heap import keeping
from worker.engines.lines import Message
from worker.engines.messages import Configure, Reply, replies
from worker.engines.pipes import EngineEnds, Pipes, open_pipes

log = structlog.get_logger(__name__)

MODULE = "worker.engines.speech"
NOTHING: Mapping[str, str] = MappingProxyType({})

_ROOT = Path(__file__).parents[2]
_LONGEST_LINE = 64 * 1024 * 1024
_LAST_LINES = 50
# Of what an engine prints at once, the last so many lines are logged, and so much of each: it may print without end,
# and the worker has other things to do.
_LOGGED_LINES = 100
_LOGGED_CHARACTERS = 1000
_PRINTED_AT_ONCE = 64 * 1024
# How long an engine that was told to end may take; it does so at once, unless it is beyond hearing.
_PARTING_SECONDS = 2.0
# How long one that was killed may take: in a driver or on a dead file server it may never hear even of that.
_DYING_SECONDS = 30.0


class ChildProcess:
    """One process of an engine. Made by :meth:`spawn`; whoever made it reads its lines to their end."""

    def __init__(self, process: asyncio.subprocess.Process, pipes: Pipes) -> None:
        self._process = process
        self._pipes = pipes
        self._printed: deque[str] = deque(maxlen=_LAST_LINES)
        self._listening = asyncio.create_task(self._listen())
        self._watching = asyncio.create_task(self._watch())

    @classmethod
    async def spawn(cls, module: str, environment: Mapping[str, str] = NOTHING) -> Self:
        """Start ``python -m module``; it is given our process id and its two pipes as arguments.

        ``environment``: what is set beside our own, unless that has it.

        Raises:
            OSError: the system cannot start one.
        """
        ours, theirs = await open_pipes(_LONGEST_LINE, _PRINTED_AT_ONCE)
        try:
            process = await _spawn(module, theirs, environment)
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        return cls(process, ours)

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def is_dead(self) -> bool:
        """Whether it is known to have ended."""
        return self._process.returncode is not None

    @property
    def printed(self) -> list[str]:
        """The last lines that it printed."""
        return list(self._printed)

    def write(self, line: bytes) -> None:
        """Send a line; to a dead process it is lost, and :meth:`line` says so."""
        self._pipes.requests.write(line)

    async def line(self) -> bytes:
        """The next line that it says; not a whole one, or none, once it died or was dismissed.

        Raises:
            ValueError: it said something without end.
        """
        return await self._pipes.replies.readline()

    def dismiss(self) -> None:
        """Ask it to end; :meth:`gone` waits for it."""
        self._pipes.requests.close()

    def kill(self) -> None:
        """End it at once."""
        with suppress(ProcessLookupError):
            self._process.kill()

    async def gone(self) -> int:
        """Wait until it has ended, killing it if it does not; its return code, as :mod:`subprocess` has it.

        Raises:
            TimeoutError: it was killed and lives on, and may hold its device.
        """
        self.dismiss()
        try:
            returncode = await asyncio.wait_for(self._process.wait(), _PARTING_SECONDS)
        except TimeoutError:
            self.kill()
            returncode = await asyncio.wait_for(self._process.wait(), _DYING_SECONDS)
        await asyncio.wait([self._listening])  # That what it printed could not be logged is no reason to wait for ever.
        return returncode

    async def _watch(self) -> None:
        """Listen no more some time after its death: what it may have left behind could hold its pipes open for ever."""
        await self._process.wait()
        asyncio.get_running_loop().call_later(_PARTING_SECONDS, self._pipes.close)

    async def _listen(self) -> None:
        begun = b""
        while printed := await self._pipes.printed.read(_PRINTED_AT_ONCE):
            *lines, begun = (begun + printed).split(b"\n")
            self._note(lines)
            begun = begun[:_LOGGED_CHARACTERS]
        self._note([begun])

    def _note(self, lines: list[bytes]) -> None:
        texts = [text for line in lines if (text := line[:_LOGGED_CHARACTERS].decode(errors="replace").rstrip())]
        self._printed.extend(texts)
        if len(texts) > _LOGGED_LINES:
            log.info("engine_printed_more", pid=self.pid, lines=len(texts) - _LOGGED_LINES)
        for text in texts[-_LOGGED_LINES:]:
            log.info("engine_printed", pid=self.pid, line=text)


class EngineProcess(ChildProcess):
    """One process of the speech engine. Made by :meth:`start`; whoever made it reads :meth:`replies` to their end."""

    @classmethod
    async def start(cls, settings: SpeechSettings, measured: Path | None = None) -> Self:
        """Start a process; it loads no model before a recording needs one.

        ``measured``: the file that keeps what engines measured of this machine.

        Raises:
            OSError: the system cannot start one.
        """
        started = await cls.spawn(MODULE, keeping())
        started.send(Configure(settings=settings, measured=measured))
        return started

    def send(self, message: Message) -> None:
        """Send a request; to a dead process it is lost, and :meth:`replies` says so."""
        self.write(message.line())

    async def replies(self) -> AsyncIterator[Reply]:
        """Everything it says, until it dies or is dismissed."""
        while (line := await self.line()).endswith(b"\n"):
            yield replies.validate_json(line)


async def _spawn(module: str, pipes: EngineEnds, environment: Mapping[str, str]) -> asyncio.subprocess.Process:
    paths = filter(None, (str(_ROOT), os.environ.get("PYTHONPATH")))
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module),
        *map(str, (os.getpid(), pipes.requests, pipes.replies)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        # Not a pipe of asyncio's: it would not hear of the end while anything holds that open.
        stderr=pipes.printed,
        pass_fds=(pipes.requests, pipes.replies),
        env={**environment, **os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )
