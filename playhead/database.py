"""The engine, the session type and the transaction edge."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg
from sqlalchemy import URL, CursorResult, Executable, event, func, make_url, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from playhead.connections import BROKEN, CONNECT_SECONDS, EDGE_SECONDS, SERVER_SETTINGS, Connection, note_fresh, ping
from playhead.patience import begin_step, patience
from playhead.settings import Settings

PATIENCE_SECONDS = 15.0
"""What each step of a transaction may take: to get a connection, to execute a statement, to commit."""
SWEEP_SECONDS = 60.0
"""The same for the housekeeping: a statement of it may touch many rows, and nobody waits for it."""
COMMAND_SECONDS = 300.0
"""What any statement may take, whoever is patient with it."""
Executor = AsyncSession | AsyncConnection
"""What executes statements that give no objects."""
_AWAY_CLASSES = ("08", "40", "53", "57", "58")
"""SQLSTATE classes: connection exception, transaction rollback, insufficient resources, operator intervention, system
error."""
_AWAY_STATES = frozenset({"25006", "25P03", "25P04", "55000"})
"""Read only while it recovers; a transaction ended as idle or too long; a database that takes no connections."""


def is_away(error: BaseException) -> bool:
    """Whether another try may succeed: the server is away, restarting or full, or gave this up to end a deadlock."""
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None)
        cause = getattr(error.orig, "__cause__", None)
        return error.connection_invalidated or says_away(state) or isinstance(cause, BROKEN)
    if isinstance(error, asyncpg.PostgresError):
        return says_away(error.sqlstate)
    return isinstance(error, (PoolTimeoutError, *BROKEN))


def says_away(state: str | None) -> bool:
    """Whether this SQLSTATE says so."""
    state = state or ""
    return state.startswith(_AWAY_CLASSES) or state in _AWAY_STATES


async def now(session: AsyncSession) -> datetime:
    """When this transaction began, by the only clock that all processes share."""
    return (await session.scalars(select(func.now()))).one()


async def plainly(
    session: Executor, statement: Executable, values: Mapping[str, Any] | None = None
) -> CursorResult[Any]:
    """Execute what gives no objects, past all that a session does for objects: at half the price."""
    connection = await session.connection() if isinstance(session, AsyncSession) else session
    return await connection.execute(statement, values)


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
        command_timeout_seconds: float = COMMAND_SECONDS,
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
                "connection_class": Connection,
                "server_settings": {"application_name": application, **SERVER_SETTINGS},
            },
        )
        # The pool itself is unfair: whoever comes just as a connection is given back takes it from those who wait.
        self._turns = asyncio.Semaphore(pool_size)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False, autoflush=False)
        self._autocommitting = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._open: weakref.WeakSet[Connection] = weakref.WeakSet()
        self._edge_seconds = min(EDGE_SECONDS, command_timeout_seconds)
        engine = self.engine.sync_engine
        event.listen(engine, "connect", self._opened)
        event.listen(engine, "connect", note_fresh)
        event.listen(engine, "checkout", ping)
        for step in ("before_cursor_execute", "commit"):
            event.listen(engine, step, begin_step)

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

        The end cannot be cut off: it takes up to :data:`playhead.connections.EDGE_SECONDS`, whoever is impatient.

        Raises:
            TimeoutError: a step of it took longer than ``patience_seconds``. If that was the commit, it may have
                happened all the same.
        """
        async with patience(patience_seconds), self._turns, self._sessions.begin() as session:
            yield session
            await session.flush()  # By the commit itself it could not be cut off.

    @asynccontextmanager
    async def plain(
        self, *, patience_seconds: float = PATIENCE_SECONDS, one_statement: bool = False
    ) -> AsyncIterator[AsyncConnection]:
        """As :meth:`transaction`, without objects: for what is done hundreds of times a second, at half the price.

        With ``one_statement`` each statement is a transaction of its own, and takes one round trip where it took three.
        """
        engine = self._autocommitting if one_statement else self.engine
        opened = engine.connect() if one_statement else engine.begin()
        async with patience(patience_seconds), self._turns, opened as connection:
            yield connection

    async def ping(self) -> None:
        """Answer, or raise as the driver does."""
        async with self._turns, self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Give every connection back."""
        # All at once: each that fell silent takes its time to be given up.
        await asyncio.gather(*(connection.close() for connection in tuple(self._open)))
        await self.engine.dispose()

    def _opened(self, adapted: Any, _: object) -> None:
        adapted.driver_connection.edge_seconds = self._edge_seconds
        self._open.add(adapted.driver_connection)
