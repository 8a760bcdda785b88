"""What the connections to a database are doing. PostgreSQL tells nobody: it has to be asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.database import Database


async def until_blocked(database: Database, count: int = 1) -> None:
    """Return when so many transactions wait for locks of others."""
    await _until(database, "wait_event_type = 'Lock'", lambda found: found >= count)


async def until_listening(database: Database) -> None:
    """Return when a connection listens for notifications."""
    await _until(database, "query ILIKE 'listen %'", lambda found: found >= 1)


async def until_left(database: Database, *applications: str) -> None:
    """Return when no connection of these is left: what they asked for last is done by then, or never will be."""
    named = "application_name = ANY(:applications)"
    await _until(database, named, lambda found: found == 0, applications=list(applications))


async def be_idle(session: AsyncSession) -> None:
    """Let the transaction stand idle for as long as the test takes: the server would else end it after seconds."""
    await session.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))


async def _until(database: Database, condition: str, enough: Callable[[int], bool], **values: object) -> None:
    counted = f"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND {condition}"  # noqa: S608
    async with asyncio.timeout(60):
        while True:
            async with database.transaction() as session:
                if enough(await session.scalar(text(counted), values) or 0):
                    return
            await asyncio.sleep(0.01)
