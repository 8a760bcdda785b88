"""The schema: brought up to date, and asked whether it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from playhead.database import async_url

_HERE = Path(__file__).parent
_LOCK = 0x706C6179
"""One migration at a time, whoever runs it (``play`` in ASCII)."""


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration: the scripts beside the package, or inside it where it was installed from a wheel."""
    installed, checkout = _HERE / "migrations", _HERE.parent / "alembic"
    made = Config()
    made.set_main_option("script_location", str(installed if installed.is_dir() else checkout).replace("%", "%%"))
    made.attributes["connection"] = connection
    return made


def head() -> str:
    """The revision that this code needs."""
    revision = ScriptDirectory.from_config(config()).get_current_head()
    assert revision is not None  # noqa: S101 - there are migrations
    return revision


async def upgrade(url: str) -> None:
    """Bring the schema of the database at ``url`` up to date; does nothing where it is.

    Raises:
        OSError, sqlalchemy.exc.SQLAlchemyError: the server cannot be reached, or refuses.
    """
    await _in_transaction(url, _upgrade)


async def revise(url: str, message: str) -> None:
    """Write a new migration from the difference between the models and the database at ``url``."""
    await _in_transaction(url, lambda link: _revise(link, message))


def current(connection: Connection) -> str | None:
    """The revision that the database has."""
    return MigrationContext.configure(connection).get_current_revision()


def _revise(connection: Connection, message: str) -> None:
    command.revision(config(connection), message, autogenerate=True)


def _upgrade(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    command.upgrade(config(connection), "head")


async def _in_transaction(url: str, work: Callable[[Connection], None]) -> None:
    engine = create_async_engine(async_url(url), pool_size=1)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(work)
    finally:
        await engine.dispose()
