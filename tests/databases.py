"""Databases for tests. A clean one is used again: to make and drop one costs more than what most tests do in it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

import asyncpg
from sqlalchemy import make_url

LARGEST_BYTES = 16 * 1024 * 1024
"""A database that has grown beyond this is not used again: what was deleted stays in its files."""

_TABLES = """
SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY oid
"""

# What a test may have changed beside rows. Never whole rows of the catalogue: autovacuum keeps its figures there. A
# copy has the object ids of its template.
_SCHEMA = """
SELECT md5(string_agg(part, ';' ORDER BY part)) FROM (
    SELECT format('%s %s %s %s', oid, relname, relacl, reloptions) FROM pg_class
     WHERE relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT format('%s %s %s %s %s', attrelid, attname, atttypid, attnotnull, atthasdef) FROM pg_attribute
      JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT format('%s %s', oid, convalidated) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT format('%s %s', oid, tgenabled) FROM pg_trigger
    UNION ALL
    SELECT format('%s %s', oid, prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL
    SELECT format('%s %s', datconnlimit, setconfig) FROM pg_database
      LEFT JOIN pg_db_role_setting ON setdatabase = pg_database.oid WHERE datname = current_database()
) AS parts(part)
"""

_BYTES = "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relnamespace = 'public'::regnamespace"

_OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


async def create(server_url: str, source: str = "") -> str:
    """Make a database on the server, with a template or without; its URL."""
    name = f"test_{uuid.uuid4().hex}"
    await _execute(server_url, f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{source}"' if source else ""))
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


async def drop(server_url: str, url: str) -> None:
    """End a database, whoever is still connected to it."""
    await _execute(server_url, f'DROP DATABASE "{make_url(url).database}" WITH (FORCE)')


@dataclass
class Databases:
    """Copies of a template, each lent to one test at a time."""

    server_url: str
    template: str
    schema: str
    empty: str
    """The statements that bring a copy back to the rows of its template."""

    _clean: list[str] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def of(cls, server_url: str, template_url: str) -> AsyncIterator[Self]:
        async with _connected(template_url) as connection:
            schema, empty = await connection.fetchval(_SCHEMA), await _statements(connection)
        made = cls(server_url, str(make_url(template_url).database), schema, empty)
        yield made
        for url in made._clean:
            await drop(server_url, url)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[str]:
        """Lend one, as the template is."""
        url = self._clean.pop() if self._clean else await create(self.server_url, self.template)
        yield url
        if await self._cleaned(url):
            self._clean.append(url)
        else:
            await drop(self.server_url, url)

    async def _cleaned(self, url: str) -> bool:
        try:
            async with asyncio.timeout(5), _connected(url) as connection:
                fit = await _alone(connection) and await self._as_made(connection)
                if fit:
                    await connection.execute(self.empty)
                return fit
        except (OSError, asyncpg.PostgresError):
            return False

    async def _as_made(self, connection: asyncpg.Connection) -> bool:
        small = await connection.fetchval(_BYTES) < LARGEST_BYTES
        return bool(small and await connection.fetchval(_SCHEMA) == self.schema)


async def _statements(connection: asyncpg.Connection) -> str:
    """What empties all tables but for the rows that they have now. Without triggers: history refuses to be deleted."""
    tables = [str(row[0]) for row in await connection.fetch(_TABLES)]
    rows = {table: await connection.fetchval(f"SELECT jsonb_agg(row) FROM {table} row") for table in tables}  # noqa: S608
    deleted = [f"DELETE FROM {table}" for table in tables]  # noqa: S608
    restored = [
        f"INSERT INTO {table} SELECT * FROM jsonb_populate_recordset(NULL::{table}, $rows${rows}$rows$)"  # noqa: S608
        for table, rows in rows.items()
        if rows
    ]
    sequences = "SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence"
    return ";".join(["SET session_replication_role = replica", *deleted, *restored, sequences])


async def _alone(connection: asyncpg.Connection) -> bool:
    """Whether the test has left nobody connected. A connection that was closed is seen for some milliseconds more."""
    for _ in range(25):
        if not await connection.fetchval(_OTHERS):
            return True
        await asyncio.sleep(0.01)
    return False


async def _execute(url: str, statement: str) -> None:
    async with _connected(url) as connection:
        await connection.execute(statement)


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()
