"""One side: a server, its workers under a supervisor, and what the harness does to them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import asyncpg

from bench.recovery.plan import DOWN_SECONDS, FROZEN_SECONDS, Fault
from bench.recovery.settings import GRACE_SECONDS, WORKERS
from bench.recovery.work import END, JOURNAL, read
from chaos.process import Process
from chaos.server import APPLICATION, GONE, Server
from local.sweeper import Sweeper
from playhead.database import is_away

_BACKENDS = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND application_name <> $1
"""


@dataclass(frozen=True)
class Struck:
    """A fault that happened, as a POSIX time, and the process that it hit; None for all of them."""

    name: str
    at: float
    pid: int | None


@dataclass(frozen=True)
class Step:
    """What the database tells of a job: that a run of it began, or how it ended."""

    at: float
    key: str
    began: bool
    ended_as: str | None


class Side(ABC):
    """``async with`` brings all of it up, and down."""

    name: str
    module: str
    arguments: tuple[str, ...] = ()

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal = folder / "journal"
        self.server = Server(folder / "postgres")
        self.struck: list[Struck] = []
        self.workers: list[Process] = []

    async def __aenter__(self) -> Self:
        self.folder.mkdir()
        self.folder.chmod(0o711)
        self.journal.touch()
        self._sweeper = Sweeper(GRACE_SECONDS)
        try:
            await self.server.start()
            await self.prepare()
            for number in range(WORKERS):
                self._add(number)
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(worker.stop() for worker in self.workers))
        await self.close()
        await self.server.stop()
        await asyncio.to_thread(self._sweeper.close)

    def _add(self, number: int) -> None:
        # What is set for whoever runs this must not set one side.
        plain = {key: value for key, value in os.environ.items() if not key.startswith("PLAYHEAD_")}
        worker = Process(
            name=f"worker-{number}",
            command=(sys.executable, "-m", self.module, *self.arguments),
            environment=plain | {JOURNAL: str(self.journal)} | self.environment(number),
            folder=self.folder,
            sweeper=self._sweeper,
            is_poisoned=lambda _: False,
        )
        worker.start()
        self.workers.append(worker)

    @abstractmethod
    async def prepare(self) -> None:
        """Make the tables."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of what was made beside the tables, as far as it was."""

    @abstractmethod
    def environment(self, number: int) -> dict[str, str]:
        """What a worker has to know."""

    @abstractmethod
    async def submit(self, connection: asyncpg.Connection, key: str) -> None:
        """Ask for a job, unless it is there already."""

    @abstractmethod
    async def history(self, connection: asyncpg.Connection) -> list[Step]:
        """What became of all jobs, in the order of the times."""

    @abstractmethod
    async def effects(self, connection: asyncpg.Connection) -> list[str]:
        """The rows that jobs left behind when they succeeded, each as its job's key."""

    @abstractmethod
    async def open_jobs(self, connection: asyncpg.Connection) -> int:
        """How many have not ended."""

    async def ask(self, key: str) -> None:
        """Submit until it is accepted."""
        while True:
            try:
                async with self.server.connection() as connection:
                    return await self.submit(connection, key)
            except Exception as error:
                if not is_away(error):
                    raise
            await asyncio.sleep(0.2)

    async def strike(self, fault: Fault) -> None:
        """Let a fault happen; returns when it is over."""
        await getattr(self, f"_{fault.name}")(fault)

    async def _kill(self, fault: Fault) -> None:
        self._hit(fault, self._busiest(), signal.SIGKILL)

    async def _term(self, fault: Fault) -> None:
        """A supervisor that waits no longer than it said."""
        worker = self._busiest()
        life = worker.life
        self._hit(fault, worker, signal.SIGTERM)
        if life:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(life.over.wait(), GRACE_SECONDS)
            worker.signal(signal.SIGKILL, life)

    async def _freeze(self, fault: Fault) -> None:
        worker = self._busiest()
        life = worker.life
        self._hit(fault, worker, signal.SIGSTOP)
        await asyncio.sleep(FROZEN_SECONDS)
        if life:
            worker.signal(signal.SIGCONT, life)

    async def _backends(self, fault: Fault) -> None:
        self.struck.append(Struck(fault.name, time.time(), None))
        with contextlib.suppress(*GONE):
            async with self.server.connection() as connection:
                await connection.execute(_BACKENDS, APPLICATION)

    async def _postgres(self, fault: Fault) -> None:
        self.struck.append(Struck(fault.name, time.time(), None))
        await self.server.restart("kill", DOWN_SECONDS)

    def _busiest(self) -> Process:
        """The worker with the most jobs under way: one that has none is no loss."""
        last = {entry.key: entry for entry in read(self.journal)}
        busy = Counter(entry.pid for entry in last.values() if entry.what != END)
        return max(self.workers, key=lambda worker: busy[worker.life.pid] if worker.life else -1)

    def _hit(self, fault: Fault, worker: Process, number: signal.Signals) -> None:
        at = time.time()
        if life := worker.signal(number):
            self.struck.append(Struck(fault.name, at, life.pid))
