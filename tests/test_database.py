from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chaos.proxy import Link, Proxy, connect_to, url_through
from playhead.database import Database, is_away

if TYPE_CHECKING:
    import pytest
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


async def test_a_connection_that_was_told_its_end_but_still_stands_is_not_lent(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = asyncio.Event()
    monkeypatch.setattr(Link, "ended", lambda _: told.set())  # The server's last words pass, its leaving does not.
    proxy = Proxy(connect_to(database_url))
    port = await proxy.start()
    direct = Database(database_url)
    database = Database(url_through(port, database_url), application=f"ended {secrets.token_hex(4)}")
    await database.ping()
    async with direct.transaction() as session:
        end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'ended %'"
        await session.execute(text(end))
    await told.wait()
    await database.ping()
    await database.close()
    await direct.close()
    await proxy.stop()


async def test_whoever_waits_for_a_connection_has_it_before_those_who_come_later(database_url: str) -> None:
    """The pool gives it to whoever asks first after it came back: with more requests than connections some starved."""
    database, order, begun = Database(database_url, pool_size=1), list[str](), asyncio.Event()

    async def again_and_again() -> None:
        for _ in range(10):
            async with database.transaction() as session:
                begun.set()
                await session.execute(text("SELECT 1"))
                order.append("again")

    async def once() -> None:
        async with database.transaction():
            order.append("once")

    busy = asyncio.create_task(again_and_again())
    await begun.wait()
    await asyncio.gather(busy, once())
    await database.close()
    assert order.index("once") == 1
