"""PostgreSQL: there, and with the tables that this version needs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import asyncpg
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from cli.catalog import masked
from cli.checks.check import Check, broken, fine, note
from cli.database import EMBEDDED_FOLDER, database_url, embedded_is_installed, refused
from cli.failure import CommandError
from playhead.database import async_url
from playhead.errors import PlayheadError
from playhead.migrate import current, head
from playhead.settings import Settings

CONNECT_SECONDS = 5


def check_database(settings: Settings) -> Iterator[Check]:
    """The server that is set; else the embedded one, started for the moment if it was ever used."""
    if not settings.database_url and not embedded_is_installed():
        remedy = 'Set PLAYHEAD_DATABASE_URL, or pip install "playhead[embedded]".'
        yield broken("PostgreSQL", "no server is set and none is embedded", remedy)
    elif not settings.database_url and not (settings.data_dir / EMBEDDED_FOLDER / "server").exists():
        yield note("PostgreSQL", f"embedded; `playhead up` makes it in {settings.data_dir / EMBEDDED_FOLDER}")
    else:
        yield from _check_server(settings)


def _check_server(settings: Settings) -> Iterator[Check]:
    try:
        with database_url(settings) as url:
            yield from asyncio.run(_look(url))
    except CommandError as error:
        yield broken("PostgreSQL", error.message, error.remedy or "")
    except PlayheadError as error:
        yield broken("PostgreSQL", error.message, "See its log; `playhead up` tries again.")


async def _look(url: str) -> list[Check]:
    engine = create_async_engine(async_url(url), connect_args={"timeout": CONNECT_SECONDS})
    try:
        async with engine.connect() as connection:
            version = ".".join(str(part) for part in connection.dialect.server_version_info or ())
            revision = await connection.run_sync(current)
    except (OSError, TimeoutError, asyncpg.PostgresError, SQLAlchemyError) as error:
        failure = refused(url, error)
        return [broken("PostgreSQL", failure.message, failure.remedy or "")]
    finally:
        await engine.dispose()
    return [fine("PostgreSQL", f"{version} at {masked(url)}"), _check_schema(revision)]


def _check_schema(revision: str | None) -> Check:
    if revision == head():
        return fine("tables", f"revision {revision}")
    found = f"revision {revision}" if revision else "there are none"
    return broken("tables", f"{found}; this version needs {head()}", "Run `playhead migrate`.")
