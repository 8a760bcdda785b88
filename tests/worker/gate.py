"""The way to a database, to be closed and opened."""

from __future__ import annotations

import asyncio

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


class Gate:
    """The way to a database: closed, every connection is broken and none is made."""

    def __init__(self, server: AsyncConnection, name: str) -> None:
        self._server = server
        self._name = name

    async def close(self) -> None:
        await self._server.execute(text(f'ALTER DATABASE "{self._name}" ALLOW_CONNECTIONS false'))
        killed = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
        await self._server.execute(killed, {"name": self._name})

    async def open(self) -> None:
        await self._server.execute(text(f'ALTER DATABASE "{self._name}" ALLOW_CONNECTIONS true'))

    async def until_listening(self, channel: str) -> None:
        """PostgreSQL tells nobody who listens: it has to be asked."""
        listening = text("SELECT count(*) FROM pg_stat_activity WHERE datname = :name AND query ILIKE :listen")
        values = {"name": self._name, "listen": f"listen %{channel}%"}
        async with asyncio.timeout(30):
            while not await self._server.scalar(listening, values):  # noqa: ASYNC110 - as said
                await asyncio.sleep(0.05)
