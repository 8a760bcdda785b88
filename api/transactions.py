"""The edge to the database: one transaction, and in the API's words why there is none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.database import Database, is_away
from playhead.errors import UnavailableError

PATIENCE_SECONDS = 8.0
"""How long a request waits for its transaction, before it is told to come again."""
RETRY_AFTER_SECONDS = 2.0

_UNDEFINED = frozenset({"42P01", "42703", "42883"})
"""SQLSTATEs of a table, a column or a function that is not there."""
_DEADLOCK = "40P01"


@asynccontextmanager
async def transaction(
    database: Database,
    *,
    patience_seconds: float = PATIENCE_SECONDS,
    turn: AbstractAsyncContextManager[Any] | None = None,
) -> AsyncIterator[AsyncSession]:
    """One transaction, committed at the end of the block: answer after that.

    Args:
        database: where.
        patience_seconds: what it may take in all, its ``turn`` included. Its commit, once begun, is seen through or
            given up by :class:`playhead.connections.Connection`.
        turn: to be held meanwhile.

    Raises:
        UnavailableError: the database is away, or its schema is not that of this code. If it went away at the end, the
            transaction may have been committed all the same.
    """
    try:
        async with (
            asyncio.timeout(patience_seconds),
            turn or nullcontext(),
            database.transaction() as session,
        ):
            yield session
    except Exception as error:
        reason = _unavailable(error)
        if reason is None:
            raise
        raise UnavailableError(reason, retry_after_seconds=RETRY_AFTER_SECONDS) from error


def _unavailable(error: Exception) -> str | None:
    if isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in _UNDEFINED:
        return "the database's schema is not up to date: run `playhead migrate`"
    if isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == _DEADLOCK:
        return "this and another request were in each other's way: ask again in a moment"
    return "the database is away: ask again in a moment" if is_away(error) else None
