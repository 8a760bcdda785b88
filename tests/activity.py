"""What the connections to a database are doing. PostgreSQL tells nobody: it has to be asked."""

from __future__ import annotations

import asyncio

from sqlalchemy import text

from playhead.database import Database


async def until_blocked(database: Database, count: int = 1) -> None:
    """Return when so many transactions wait for locks of others."""
    await _until(database, "wait_event_type = 'Lock'", count)


async def until_listening(database: Database) -> None:
    """Return when a connection listens for notifications."""
    await _until(database, "query ILIKE 'listen %'")


async def until_left(database: Database, *applications: str) -> None:
    """Return when no connection of these is left: what they asked for last is done by then, or never will be."""
    named = ", ".join(f"'{application}'" for application in applications)
    there = f"SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name IN ({named})"
    await _until(database, f"pid = pg_backend_pid() AND NOT EXISTS ({there})")


async def _until(database: Database, condition: str, count: int = 1) -> None:
    found = f"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND {condition}"  # noqa: S608
    async with asyncio.timeout(60):
        while True:
            async with database.transaction() as session:
                if (await session.scalar(text(found)) or 0) >= count:
                    return
            await asyncio.sleep(0.01)
