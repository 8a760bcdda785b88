"""A client that stands still within a transaction keeps its locks: for as long as nobody ends it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from playhead.database import Database
from playhead.ledger.frozen import end_frozen


@asynccontextmanager
async def in_transaction(url: str, application: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(url, server_settings={"application_name": application})
    try:
        await connection.execute("BEGIN")
        yield connection
    finally:
        connection.terminate()  # To part in order would fail where the server has ended it.


async def ended(database: Database, after_seconds: float) -> int:
    async with database.transaction() as session:
        return await end_frozen(session, after_seconds)


async def test_what_stands_still_between_two_messages_of_a_statement_is_ended(database_url: str) -> None:
    database = Database(database_url)
    async with in_transaction(database_url, "playhead-worker") as frozen:
        await frozen.prepare("SELECT 1")  # It is never run.
        assert await ended(database, after_seconds=60) == 0
        assert await ended(database, after_seconds=0) == 1
    await database.close()


async def test_what_is_idle_or_not_ours_is_left_to_the_server(database_url: str) -> None:
    database = Database(database_url)
    ours, psql = in_transaction(database_url, "playhead-worker"), in_transaction(database_url, "psql")
    async with ours as idle, psql as other:
        await other.prepare("SELECT 1")  # As of one who fills a table from a pipe.
        assert await ended(database, after_seconds=0) == 0
        assert await idle.fetchval("SELECT 1") == 1
        assert await other.fetchval("SELECT 1") == 1
    await database.close()
