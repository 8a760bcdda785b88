"""What is asked of the ledger in the midst of a run: it costs no attempt that the database is away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from playhead.cancellation import end_if_canceled
from playhead.database import Database, is_away

PAUSE_SECONDS = 1.0
T = TypeVar("T")
log = structlog.get_logger(__name__)


async def ask(database: Database, question: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """Ask a question that is one statement and changes nothing, again and again while the database is away."""

    async def once() -> T:
        async with database.plain(one_statement=True) as connection:
            return await question(connection)

    return await _until_it_is_there(once)


async def transact(database: Database, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """Do this in one transaction, again and again while the database is away.

    The answer to a commit may be lost: what was done is to be found, or refused, the next time.
    """

    async def once() -> T:
        async with database.transaction() as session:
            return await work(session)

    return await _until_it_is_there(once)


async def _until_it_is_there(attempt: Callable[[], Awaitable[T]]) -> T:
    while True:
        try:
            return await attempt()
        except Exception as error:
            end_if_canceled()
            if not is_away(error):
                raise
            log.warning("question_postponed", error=repr(error))
        await asyncio.sleep(PAUSE_SECONDS)
