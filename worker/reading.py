"""Reading from the ledger in the midst of a run: it costs no attempt that the database is away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.cancellation import end_if_canceled
from playhead.database import Database, is_away

PAUSE_SECONDS = 1.0
T = TypeVar("T")
log = structlog.get_logger(__name__)


async def read(database: Database, question: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """Ask the ledger, again and again while it is away."""
    while True:
        try:
            async with database.transaction() as session:
                return await question(session)
        except Exception as error:
            end_if_canceled()
            if not is_away(error):
                raise
            log.warning("read_postponed", error=repr(error))
        await asyncio.sleep(PAUSE_SECONDS)
