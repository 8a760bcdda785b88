"""Procrastinate's connections to the database, made to give up in time and to come back soon.

Procrastinate and psycopg wait for an answer for as long as the network keeps the connection, and psycopg's pool
connects again after pauses that double: after an outage of an hour, in an hour.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import weakref
from typing import Any

import procrastinate
import psycopg
from psycopg.pq import TransactionStatus
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

from playhead.connections import CONNECT_SECONDS, PING_SECONDS, SERVER_SETTINGS

STATEMENT_SECONDS = 10.0
"""None of Procrastinate's statements touches many rows. One that takes longer is lost with its connection."""
POOL_SECONDS = 2.0
RECONNECT_SECONDS = 1.0
"""How long the pool tries by itself to replace a connection. Whoever asks for one afterwards makes it try anew."""
LISTEN_SECONDS = 5.0
"""After so long without news, the connection that listens is asked whether it lives."""
LOOK_SECONDS = 5.0
"""How often whoever waits wakes by himself: psycopg does ten times a second, for a Ctrl-C that our event loop sees."""
FAREWELL_SECONDS = 1.0
CLOSE_SECONDS = 0.5
KEEPALIVES = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}

_SET = "SELECT set_config(key, value, false) FROM jsonb_each_text(%s)"
NEWS = '{"type": "job_inserted"}'
"""What Procrastinate is told where there may be tickets."""


class Connector(procrastinate.PsycopgConnector):
    """Procrastinate's own, but that nothing waits for a silent server, and that no news is missed.

    After each connection that listens is made, there may be news: none was heard meanwhile.
    """

    def __init__(self, url: str, *, application: str, connections: int) -> None:
        super().__init__(
            conninfo=url,
            kwargs={"application_name": application, "connect_timeout": int(CONNECT_SECONDS), **KEEPALIVES},
            connection_class=_Connection,
            configure=self._configure,
            min_size=1,
            max_size=connections,
            timeout=POOL_SECONDS,
            reconnect_timeout=RECONNECT_SECONDS,
        )
        self._open: weakref.WeakSet[_Connection] = weakref.WeakSet()
        self._leaving = False

    def hurry(self) -> None:
        """From now on, wait no longer than a farewell takes: for what is under way, and for all that comes."""
        self._leaving = True
        self.pool.timeout = FAREWELL_SECONDS
        for connection in self._open:
            connection.patience_seconds = FAREWELL_SECONDS
        asyncio.get_running_loop().call_later(FAREWELL_SECONDS, self._hang_up)

    async def open_async(self, pool: AsyncConnectionPool | None = None) -> None:
        """Open the pool, whether the database is there or not: whoever needs a connection waits for it."""
        if self._async_pool is None and pool is None:
            pool = await self._create_pool(self._pool_args)
            await pool.open()
            self._async_pool = pool

    async def close_async(self) -> None:
        """Close the pool; what still waits for an answer is cut off."""
        if self._async_pool is not None:
            self._hang_up()
            await self._async_pool.close(timeout=CLOSE_SECONDS)
            self._async_pool = None

    async def _create_pool(self, pool_args: dict[str, Any]) -> AsyncConnectionPool:
        return AsyncConnectionPool(**pool_args, open=False, check=self._check)

    async def _configure(self, connection: _Connection) -> None:
        self._open.add(connection)
        if self._leaving:
            connection.patience_seconds = FAREWELL_SECONDS
        # Each statement is a transaction: to begin and to end one would take two more round trips.
        await connection.set_autocommit(True)
        await connection.execute(_SET, [Jsonb(SERVER_SETTINGS)])

    async def _check(self, connection: _Connection) -> None:
        """See that a connection lives before it is lent."""
        usual, connection.patience_seconds = connection.patience_seconds, PING_SECONDS
        try:
            await AsyncConnectionPool.check_connection(connection)
        except psycopg.Error:
            await self.pool.drain()  # Those of its age are no better.
            raise
        finally:
            connection.patience_seconds = usual

    async def _loop_notify(
        self,
        on_notification: procrastinate.connector.Notify,
        connection: Any,
        timeout: float = LISTEN_SECONDS,  # noqa: ASYNC109 - not ours
    ) -> None:
        connection.patience_seconds = PING_SECONDS
        await on_notification(channel="", payload=NEWS)
        await super()._loop_notify(on_notification, connection, timeout)

    def _hang_up(self) -> None:
        for connection in tuple(self._open):
            connection.hang_up()


class _Connection(psycopg.AsyncConnection[Any]):
    """psycopg's own, but that a server that does not answer in time is a connection lost."""

    patience_seconds = STATEMENT_SECONDS

    async def wait(self, *args: Any, **options: Any) -> Any:
        """Wait for the server."""
        impatience = asyncio.get_running_loop().call_later(self.patience_seconds, self.hang_up)
        try:
            return await super().wait(*args, **{**options, "interval": LOOK_SECONDS})
        finally:
            impatience.cancel()

    def hang_up(self) -> None:
        """Cut the connection, if an answer is waited for: whoever does finds it closed. News are not an answer."""
        if not self.closed and self.pgconn.transaction_status == TransactionStatus.ACTIVE:
            with contextlib.suppress(OSError), socket.socket(fileno=os.dup(self.pgconn.socket)) as end:
                end.shutdown(socket.SHUT_RDWR)

    async def _try_cancel(self, *, timeout: float = FAREWELL_SECONDS) -> None:  # noqa: ASYNC109 - as psycopg calls it
        """Ask the server to give up what a canceled task waited for, and wait for no more of it."""
        await super()._try_cancel(timeout=min(timeout, FAREWELL_SECONDS))
        self.hang_up()
