from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from playhead.database import Database, is_away

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

PUT = text("INSERT INTO queues (name) VALUES (:name)")


async def test_whoever_is_given_up_to_end_a_deadlock_may_try_again(database_url: str) -> None:
    database = Database(database_url)
    first_put, second_put = asyncio.Event(), asyncio.Event()

    async def put(session: AsyncSession, name: str) -> None:
        await session.execute(PUT, {"name": name})

    async def one_way() -> None:
        async with database.transaction() as session:
            await put(session, "a")
            first_put.set()
            await second_put.wait()
            await put(session, "b")
            await session.rollback()

    async def other_way() -> None:
        async with database.transaction() as session:
            await put(session, "b")
            second_put.set()
            await first_put.wait()
            await put(session, "a")
            await session.rollback()

    ended = await asyncio.gather(one_way(), other_way(), return_exceptions=True)
    await database.close()
    (victim,) = [error for error in ended if error is not None]
    assert isinstance(victim, DBAPIError)
    assert is_away(victim)
