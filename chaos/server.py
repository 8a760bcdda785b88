"""PostgreSQL, and what can be done to it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import asyncpg

from local.postgres import EmbeddedPostgres
from playhead.connections import BROKEN

SETTINGS = {
    # The processes are killed, not the machine: what was written is there, flushed or not.
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "90",
    "log_min_duration_statement": "2000",
    "log_lock_waits": "on",
}
SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT, "kill": signal.SIGKILL}
APPLICATION = "chaos"
GONE = (asyncpg.PostgresError, *BROKEN)


class Server:
    """The server of one run."""

    def __init__(self, folder: Path) -> None:
        self._postgres = EmbeddedPostgres(folder, SETTINGS)
        self._turn = asyncio.Lock()

    async def start(self) -> None:
        """Bring it up."""
        await asyncio.to_thread(self._postgres.start)

    async def stop(self) -> None:
        """End it."""
        await asyncio.to_thread(self._postgres.stop)

    @property
    def url(self) -> str:
        """Past all proxies."""
        return self._postgres.url

    @property
    def log(self) -> Path:
        """What it says."""
        return self._postgres.log

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection of the harness's own; raises one of ``GONE`` while the server is away."""
        settings = {"application_name": APPLICATION}
        connection = await asyncpg.connect(self.url, timeout=5, command_timeout=60, server_settings=settings)
        try:
            yield connection
        finally:
            connection.terminate()

    async def restart(self, manner: str, down_seconds: float) -> None:
        """End it in this manner, and bring it up again after a while."""
        async with self._turn:
            pid = self._postgres.pid
            if pid is not None:
                os.kill(pid, SIGNALS[manner])
            await asyncio.sleep(down_seconds)
            await self.start()

    async def terminate_backends(self, application: str, share: float, random: Random) -> None:
        """End this share of the backends that serve an application, or any."""
        with contextlib.suppress(*GONE):
            async with self.connection() as connection:
                found = await connection.fetch(
                    "SELECT pid FROM pg_stat_activity WHERE application_name LIKE $1 ORDER BY pid",
                    "playhead%" if application == "any" else application,
                )
                hit = [row["pid"] for row in found if random.random() < share]
                await connection.execute("SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid", hit)

    async def exhaust(self, seconds: float, share: float, random: Random) -> None:
        """Take every connection slot there is, those of ended backends included."""
        until = time.monotonic() + seconds
        async with contextlib.AsyncExitStack() as held:
            began = False
            while time.monotonic() < until:
                try:
                    await held.enter_async_context(self.connection())
                except GONE:
                    if not began:
                        began = True
                        await self._end_some(held, share, random)
                    await asyncio.sleep(0.05)

    async def _end_some(self, held: contextlib.AsyncExitStack, share: float, random: Random) -> None:
        """End some backends though no slot is free: what is held is given up for it, and taken again."""
        await held.aclose()
        await self.terminate_backends("any", share, random)

    async def lock(self, seconds: float) -> None:
        """Hold the table of jobs, so that every pool fills with those that wait for it."""
        with contextlib.suppress(*GONE):
            async with self.connection() as connection, connection.transaction():
                await connection.execute("SET LOCAL lock_timeout = '3s'")
                await connection.execute("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE")
                await asyncio.sleep(seconds)
