"""The engine, the session type and the transaction edge."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from playhead.settings import Settings

_AWAY_CLASSES = ("08", "40", "53", "57")
"""SQLSTATE classes: connection exception, transaction rollback, insufficient resources, operator intervention."""


def is_away(error: BaseException) -> bool:
    """Whether another try may succeed: the server is away, restarting or full, or gave this up to end a deadlock."""
    if isinstance(error, DBAPIError):
        state = str(getattr(error.orig, "sqlstate", None) or "")
        return error.connection_invalidated or state.startswith(_AWAY_CLASSES) or isinstance(error, InterfaceError)
    if isinstance(error, asyncpg.PostgresError):
        return str(error.sqlstate or "").startswith(_AWAY_CLASSES)
    return isinstance(error, (PoolTimeoutError, asyncpg.InterfaceError, OSError, TimeoutError))


def async_url(url: str) -> URL:
    """The SQLAlchemy address of a plain ``postgresql://`` URL."""
    return make_url(url).set(drivername="postgresql+asyncpg")


class Database:
    """One process's connections to PostgreSQL.

    Nothing is connected before the first transaction. A connection that broke is found out before it is lent
    (``pool_pre_ping``), so that a restarted server needs no restart here.
    """

    def __init__(
        self, url: str, *, pool_size: int = 10, application: str = "playhead", command_timeout_seconds: float = 60
    ) -> None:
        self.url = url
        self.engine: AsyncEngine = create_async_engine(
            async_url(url),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=10,
            pool_pre_ping=True,
            connect_args={
                "timeout": 5,
                "command_timeout": command_timeout_seconds,
                "server_settings": {"application_name": application},
            },
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False, autoflush=False)

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
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A session whose work is committed at the end, or rolled back by an error."""
        async with self._sessions.begin() as session:
            yield session

    async def ping(self) -> None:
        """Answer, or raise as the driver does."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Give every connection back."""
        await self.engine.dispose()
