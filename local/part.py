"""One process that is kept alive: started, watched, started again, ended with all that it started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from local.backoff import Backoff
from local.sweeper import Sweeper

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Part:
    """What is to be kept running.

    Attributes:
        name: as people call it.
        command: program and arguments.
        env: its whole environment, read at each start.
        grace_seconds: how long it may take to end after SIGTERM, before it is killed.
    """

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str]
    grace_seconds: float = 10.0


@dataclass
class Runner:
    """The life of one part. Each start is a process group of its own, so that its children end with it."""

    part: Part
    sweeper: Sweeper
    backoff: Backoff = field(default_factory=Backoff)
    pid: int | None = None
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _hurry: asyncio.Event = field(default_factory=asyncio.Event)

    async def keep(self) -> None:
        """Keep the part running until :meth:`stop`; returns when no process of it is left."""
        while not self._stopping.is_set():
            began = time.monotonic()
            cause = await self._live_once()
            if not self._stopping.is_set():
                await self._pause(cause, self.backoff.after(time.monotonic() - began))

    def stop(self) -> None:
        """Ask the part to end; :meth:`keep` returns when it has."""
        self._stopping.set()

    def kill(self) -> None:
        """End the part now, without grace."""
        self._stopping.set()
        self._hurry.set()

    def renew(self) -> None:
        """End this process of the part; the next one is started at once."""
        if self.pid is not None:
            _signal(self.pid, signal.SIGTERM)

    async def _live_once(self) -> str:
        try:
            process = await self.sweeper.start(self.part.command, env=self.part.env)
        except OSError as error:
            return f"could not be started: {error}"
        self.pid = process.pid
        log.info("part_started", part=self.part.name, pid=process.pid)
        try:
            return explain(await self._ended(process))
        finally:
            self.pid = None
            _signal_group(process.pid, signal.SIGKILL)  # what it started must not outlive it
            self.sweeper.remove(process.pid)

    async def _ended(self, process: asyncio.subprocess.Process) -> int:
        """Wait for the end of ``process``, which is brought about once the part is asked to stop."""
        ended = asyncio.create_task(process.wait())
        await _either(ended, self._stopping)
        if not ended.done():
            _signal(process.pid, signal.SIGTERM)
            await _either(ended, self._hurry, within_seconds=self.part.grace_seconds)
        if not ended.done():
            log.warning("part_killed", part=self.part.name, grace_seconds=self.part.grace_seconds)
            _signal_group(process.pid, signal.SIGKILL)
        return await ended

    async def _pause(self, cause: str, delay_seconds: float) -> None:
        log.warning("part_died", part=self.part.name, cause=cause, again_in_seconds=delay_seconds)
        if delay_seconds:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay_seconds)


async def _either(ended: asyncio.Task[int], asked: asyncio.Event, *, within_seconds: float | None = None) -> None:
    """Wait until the process has ended or we are asked to act, whichever is first."""
    waiter = asyncio.create_task(asked.wait())
    try:
        await asyncio.wait({ended, waiter}, timeout=within_seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiter.cancel()


def explain(status: int) -> str:
    """How a process ended, in words: ``killed by SIGKILL``, ``exited with status 3``."""
    if status >= 0:
        return f"exited with status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS says EPERM of a group of zombies
        os.killpg(group, number)
