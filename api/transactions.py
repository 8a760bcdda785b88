"""The edge to the database: one transaction, and in the API's words why there is none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.database import Database, is_away
from playhead.errors import UnavailableError

RETRY_AFTER_SECONDS = 2.0

_UNDEFINED = frozenset({"42P01", "42703", "42883"})
"""SQLSTATEs of a table, a column or a function that is not there."""


@asynccontextmanager
async def transaction(database: Database) -> AsyncIterator[AsyncSession]:
    """One transaction, committed at the end of the block: answer after that.

    Raises:
        UnavailableError: the database is away, or its schema is not that of this code.
    """
    try:
        async with database.transaction() as session:
            yield session
    except Exception as error:
        reason = _unavailable(error)
        if reason is None:
            raise
        raise UnavailableError(reason, retry_after_seconds=RETRY_AFTER_SECONDS) from error


def _unavailable(error: Exception) -> str | None:
    if isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in _UNDEFINED:
        return "the database's schema is not up to date: run `playhead migrate`"
    return "the database is away: ask again in a moment" if is_away(error) else None
