"""A session for commands that work on the database itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from playhead.settings import Settings

T = TypeVar("T")


def with_session(work: Callable[[AsyncSession, Settings], Awaitable[T]]) -> T:
    """Do this in one transaction of the database in force.

    Raises:
        CommandError, UnavailableError: as :func:`cli.database.database_url`; or the database did not do as asked.
    """
    import asyncio

    from cli.configuration import load
    from cli.database import database_url, told_plainly

    settings = load()
    with database_url(settings) as url, told_plainly(url):
        return asyncio.run(_in_transaction(url, lambda session: work(session, settings)))


async def _in_transaction(url: str, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    from playhead.database import Database

    database = Database(url, pool_size=2, application="playhead-command")
    try:
        async with database.transaction() as session:
            return await work(session)
    finally:
        await database.close()
