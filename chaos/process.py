"""A process of Playhead's, started again whenever it ends, as a restart policy does it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local.backoff import Backoff
from local.sweeper import Sweeper

POLL_SECONDS = 0.1
LAST_BYTES = 2000


@dataclass
class Life:
    """One life of the process.

    Attributes:
        began: when, as a POSIX time; so ``ended``.
        sent: the signals that the harness sent it, with their times.
        status: as of :class:`subprocess.Popen`; None while it lives.
        stuck: it did not end though it was asked to, and had to be killed.
        poisoned: it took poison, which is a job that kills its worker.
        over: set once it has ended.
    """

    pid: int
    began: float
    log: Path
    sent: list[tuple[float, signal.Signals]] = field(default_factory=list)
    ended: float | None = None
    status: int | None = None
    stuck: bool = False
    poisoned: bool = False
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def was_sent(self, *numbers: signal.Signals) -> bool:
        """Whether the harness sent it one of these."""
        return any(number in numbers for _, number in self.sent)

    def last_words(self) -> str:
        """The end of its log. Where a check runs elsewhere, only what it prints is left of it."""
        return self.log.read_bytes()[-LAST_BYTES:].decode(errors="replace")


@dataclass
class Process:
    """Kept alive until :meth:`stop`. Each life has its own log and is a process group of its own.

    Attributes:
        term_seconds: how long it may take to end after SIGTERM.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    sweeper: Sweeper
    is_poisoned: Callable[[int], bool]
    term_seconds: float = 60.0
    lives: list[Life] = field(default_factory=list)
    backoff: Backoff = field(default_factory=lambda: Backoff(cap_seconds=1.0))
    _stopping: bool = False
    _keeping: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin its first life."""
        self._keeping = asyncio.create_task(self._keep(), name=f"keep {self.name}")

    async def stop(self) -> None:
        """End it as an operator does, for good."""
        self._stopping = True
        while self._keeping and not self._keeping.done():  # It may be about to be born.
            self.signal(signal.SIGCONT)
            life = self.signal(signal.SIGTERM)
            if life:
                await self.end(life)
            await asyncio.wait({self._keeping}, timeout=POLL_SECONDS)
        if self._keeping:
            await self._keeping

    async def end(self, life: Life) -> None:
        """Wait for the end of a life that was sent SIGTERM; one that does not end in time is killed, and was stuck.

        The time counts from the last signal: one that is frozen can do nothing.
        """
        while (left := life.sent[-1][0] + self.term_seconds - time.time()) > 0 and not life.over.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(life.over.wait(), left)
        if not life.over.is_set():
            life.stuck = True
            self.signal(signal.SIGKILL, life)
        await life.over.wait()

    @property
    def life(self) -> Life | None:
        """The present life."""
        return self.lives[-1] if self.lives and self.lives[-1].ended is None else None

    def signal(self, number: signal.Signals, life: Life | None = None) -> Life | None:
        """Send it a signal, or only to this life of it; gives the life that was hit."""
        hit = self.life
        if hit is None or (life is not None and hit is not life):
            return None
        hit.sent.append((time.time(), number))
        with contextlib.suppress(ProcessLookupError):
            os.kill(hit.pid, number)
        return hit

    async def _keep(self) -> None:
        while not self._stopping:
            began = time.monotonic()
            await self._live()
            await asyncio.sleep(self.backoff.after(time.monotonic() - began))

    async def _live(self) -> None:
        log = self.folder / f"{self.name}.{len(self.lives) + 1}.log"
        with log.open("wb") as output:
            process = await self.sweeper.start(self.command, env=self.environment, stdout=output, stderr=output)
        life = Life(process.pid, time.time(), log)
        self.lives.append(life)
        try:
            life.status = await process.wait()
        finally:
            life.ended = time.time()
            life.poisoned = self.is_poisoned(process.pid)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)  # what it started must not outlive it
            self.sweeper.remove(process.pid)
            life.over.set()
