"""The engine's process, from outside: its pipes, what it prints, how it dies."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Self

import structlog

from playhead.settings import SpeechSettings
from worker.engines.messages import Configure, Message, Reply, replies

log = structlog.get_logger(__name__)

MODULE = "worker.engines.speech"

_ROOT = Path(__file__).parents[2]
_LONGEST_LINE = 64 * 1024 * 1024
_LAST_LINES = 50
# How long an engine that was told to end may take; it does so at once, unless it is beyond hearing.
_PARTING_SECONDS = 2.0


class EngineProcess:
    """One engine process. Made by :meth:`start`; whoever made it reads :meth:`replies` to their end."""

    def __init__(
        self, process: asyncio.subprocess.Process, outgoing: asyncio.WriteTransport, incoming: asyncio.StreamReader
    ) -> None:
        self._process = process
        self._outgoing = outgoing
        self._incoming = incoming
        self._printed: deque[str] = deque(maxlen=_LAST_LINES)
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def start(cls, settings: SpeechSettings) -> Self:
        """Start a process; it loads no model before a recording needs one.

        Raises:
            OSError: the system cannot start one.
        """
        requests_read, requests_write = os.pipe()
        replies_read, replies_write = os.pipe()
        try:
            process = await _spawn(requests_read, replies_write)
        except BaseException:
            os.close(requests_write)
            os.close(replies_read)
            raise
        finally:
            os.close(requests_read)
            os.close(replies_write)
        started = cls(process, await _writer(requests_write), await _reader(replies_read))
        started.send(Configure(settings=settings))
        return started

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

    def send(self, message: Message) -> None:
        """Send a request; to a dead process it is lost, and :meth:`replies` says so."""
        self._outgoing.write(message.line())

    async def replies(self) -> AsyncIterator[Reply]:
        """Everything it says, until it dies or is dismissed."""
        while line := await self._incoming.readline():
            if line.endswith(b"\n"):
                yield replies.validate_json(line)

    def dismiss(self) -> None:
        """Ask it to end; :meth:`gone` waits for it."""
        self._outgoing.close()

    def kill(self) -> None:
        """End it at once."""
        with suppress(ProcessLookupError):
            self._process.kill()

    async def gone(self) -> int:
        """Wait until it has ended, killing it if it does not; its return code, as :mod:`subprocess` has it."""
        self.dismiss()
        try:
            returncode = await asyncio.wait_for(self._process.wait(), _PARTING_SECONDS)
        except TimeoutError:
            self.kill()
            returncode = await self._process.wait()
        await self._listening
        return returncode

    async def _listen(self) -> None:
        stderr = self._process.stderr
        if stderr is None:
            return
        async for line in stderr:
            text = line.decode(errors="replace").rstrip()
            self._printed.append(text)
            log.info("engine_printed", pid=self.pid, line=text)


async def _spawn(requests_read: int, replies_write: int) -> asyncio.subprocess.Process:
    arguments = (os.getpid(), requests_read, replies_write)
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", MODULE),
        *map(str, arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        pass_fds=(requests_read, replies_write),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))},
        limit=_LONGEST_LINE,
    )


async def _writer(descriptor: int) -> asyncio.WriteTransport:
    transport, _ = await asyncio.get_running_loop().connect_write_pipe(
        asyncio.BaseProtocol, os.fdopen(descriptor, "wb", buffering=0)
    )
    return transport


async def _reader(descriptor: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=_LONGEST_LINE)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", buffering=0)
    )
    return reader
