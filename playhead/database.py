"""The engine, the session type and the transaction edge."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy import URL, event, make_url, text
from sqlalchemy.exc import DBAPIError, InterfaceError, InvalidatePoolError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from playhead.settings import Settings

PATIENCE_SECONDS = 15.0
"""What a transaction may take in all, from waiting for a connection to the answer to its commit."""
SWEEP_SECONDS = 60.0
"""The same for a batch of the housekeeping: it may touch many rows, and nobody waits for it."""
CONNECT_SECONDS = 5.0
PING_SECONDS = 2.0
"""A connection that does not answer by then is given up, and all that are as old."""
FAREWELL_SECONDS = 0.5

SERVER_SETTINGS = {
    "idle_in_transaction_session_timeout": "10s",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
"""What the server shall do about a connection whose other end is gone, is stopped, or is cut off: end it.

Else it holds the locks of its last transaction for hours, and whoever writes the same job's next word waits for them.
"""

_AWAY_CLASSES = ("08", "40", "53", "57", "58")
"""SQLSTATE classes: connection exception, transaction rollback, insufficient resources, operator intervention, system
error."""
_AWAY_STATES = frozenset({"25006", "25P03", "25P04", "55000"})
"""Read only while it recovers; a transaction ended as idle or too long; a database that takes no connections."""

_BROKEN = (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""Of one connection. The last: it was told its end by the server, but has not heard the server hang up."""


def is_away(error: BaseException) -> bool:
    """Whether another try may succeed: the server is away, restarting or full, or gave this up to end a deadlock."""
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None)
        return error.connection_invalidated or says_away(state) or isinstance(error, InterfaceError)
    if isinstance(error, asyncpg.PostgresError):
        return says_away(error.sqlstate)
    return isinstance(error, (PoolTimeoutError, *_BROKEN))


def says_away(state: str | None) -> bool:
    """Whether this SQLSTATE says so."""
    state = state or ""
    return state.startswith(_AWAY_CLASSES) or state in _AWAY_STATES


def async_url(url: str) -> URL:
    """The SQLAlchemy address of a plain ``postgresql://`` URL."""
    return make_url(url).set(drivername="postgresql+asyncpg")


class Database:
    """One process's connections to PostgreSQL.

    Nothing is connected before the first transaction. A connection that broke or fell silent is found out before it
    is lent, so that a restarted server or a mended network needs no restart here.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 10,
        application: str = "playhead",
        command_timeout_seconds: float = SWEEP_SECONDS,
    ) -> None:
        self.url = url
        self.engine: AsyncEngine = create_async_engine(
            async_url(url),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=10,
            connect_args={
                "timeout": CONNECT_SECONDS,
                "command_timeout": command_timeout_seconds,
                "connection_class": _Connection,
                "server_settings": {"application_name": application, **SERVER_SETTINGS},
            },
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False, autoflush=False)
        self._open: weakref.WeakSet[_Connection] = weakref.WeakSet()
        event.listen(self.engine.sync_engine, "connect", self._opened)
        event.listen(self.engine.sync_engine, "checkout", _ping)

    @classmethod
    def from_settings(cls, settings: Settings, application: str) -> Database:
        """The database of the settings.

        Raises:
            ValueError: no database is set; only ``playhead up`` brings its own.
        """
        if not settings.database_url:
            message = "PLAYHEAD_DATABASE_URL is not set: name a PostgreSQL server, or run `playhead up`"
            raise ValueError(message)
        return cls(settings.database_url, pool_size=settings.database_pool_size, application=application)

    @asynccontextmanager
    async def transaction(self, *, patience_seconds: float = PATIENCE_SECONDS) -> AsyncIterator[AsyncSession]:
        """A session whose work is committed at the end, or rolled back by an error.

        Raises:
            TimeoutError: it took longer than ``patience_seconds``; it may have been committed all the same.
        """
        async with asyncio.timeout(patience_seconds), self._sessions.begin() as session:
            yield session

    async def ping(self) -> None:
        """Answer, or raise as the driver does."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Give every connection back."""
        # All at once: each that fell silent takes its time to be given up.
        await asyncio.gather(*(connection.close() for connection in tuple(self._open)))
        await self.engine.dispose()

    def _opened(self, adapted: Any, record: Any) -> None:
        self._open.add(adapted.driver_connection)
        record.info["fresh"] = True


class _Connection(asyncpg.Connection):  # type: ignore[misc] # asyncpg has no types
    """asyncpg's own, but that it does not wait long for a server that says no good-bye."""

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - as asyncpg calls it
        try:
            await super().close(timeout=min(timeout or FAREWELL_SECONDS, FAREWELL_SECONDS))
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            self.terminate()


def _ping(adapted: Any, record: Any, _: object) -> None:
    """See that a connection lives before it is lent. The pool's own way takes three round trips, and waits a minute."""
    if record.info.pop("fresh", False):
        return
    try:
        adapted.run_async(lambda connection: connection.execute("SELECT", timeout=PING_SECONDS))
    except (asyncpg.PostgresError, *_BROKEN) as error:
        raise InvalidatePoolError(str(error)) from error
