"""Connections on a network that falls silent, and steps that take too long."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import pytest_asyncio
from procrastinate.exceptions import ConnectorException
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from playhead import connections
from playhead.database import Database, is_away
from playhead.models import QueueRow
from tests.faults.network import Network, before
from worker import ticketing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

SECONDS = 40
"""It takes a few; it took more than a minute."""
AT_ONCE = 5
PUT = text("INSERT INTO queues (name) VALUES ('a') ON CONFLICT (name) DO UPDATE SET name = 'a'")


@pytest_asyncio.fixture(loop_scope="session")
async def path(database_url: str) -> AsyncIterator[tuple[Network, str]]:
    async with before(database_url) as (network, through):
        yield network, through


async def sleep(database: Database, seconds: float, *, times: int = 1, patience_seconds: float = SECONDS) -> None:
    async with database.transaction(patience_seconds=patience_seconds) as session:
        for _ in range(times):
            await session.execute(text("SELECT pg_sleep(:seconds)"), {"seconds": seconds})


async def test_connections_that_fell_silent_are_replaced(path: tuple[Network, str]) -> None:
    network, through = path
    database = Database(through)
    await asyncio.gather(*(sleep(database, 0.2) for _ in range(AT_ONCE)))
    assert len(network.links) == AT_ONCE
    network.silence()
    network.mend()  # for connections made from now on
    async with asyncio.timeout(SECONDS):
        await asyncio.gather(*(sleep(database, 0) for _ in range(AT_ONCE)))
        for _ in range(AT_ONCE):
            await sleep(database, 0)
        await database.close()


async def test_a_database_is_closed_soon_though_it_is_silent(path: tuple[Network, str]) -> None:
    network, through = path
    database = Database(through)
    await asyncio.gather(*(sleep(database, 0.2) for _ in range(AT_ONCE)))
    network.silence()
    async with asyncio.timeout(SECONDS):
        await database.close()


async def test_what_is_cut_off_in_the_middle_lets_go_of_its_locks(
    path: tuple[Network, str], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server hears nothing of the end of a connection that is half open: it kept the locks for hours."""
    other = Database(database_url)
    monkeypatch.setitem(connections.SERVER_SETTINGS, "idle_in_transaction_session_timeout", "2s")
    network, through = path
    cut_off = Database(through)
    with pytest.raises(TimeoutError):  # noqa: PT012 - all of it is one transaction
        async with cut_off.transaction(patience_seconds=1) as session:
            await session.execute(PUT)
            network.silence()
            await session.execute(PUT)
    async with other.transaction(patience_seconds=SECONDS) as session:
        await session.execute(PUT)
    await cut_off.close()
    await other.close()


END_SECONDS = 60
"""What the end of a transaction may take on a silent network. It takes six seconds; it took five minutes."""


class PulledError(Exception):
    """Raised in the middle of a transaction."""


async def fall_silent_in_the_end(database: Database, network: Network, ends_with: str) -> None:
    async with database.transaction(patience_seconds=1) as session:
        await session.execute(PUT)
        network.silence()
        if ends_with == "ROLLBACK":
            raise PulledError
        if ends_with == "flush":
            session.add(QueueRow(name="b"))


async def raised_within(seconds: float, work: Coroutine[Any, Any, None]) -> BaseException | None:
    """What it raises: it must do so by then, whether it can be canceled or not."""
    task = asyncio.create_task(work)
    await asyncio.wait([task], timeout=seconds)
    assert task.done()
    return task.exception()


@pytest.mark.parametrize("ends_with", ["COMMIT", "ROLLBACK", "flush"])
async def test_a_transaction_ends_soon_though_the_network_is_silent_by_then(
    path: tuple[Network, str], ends_with: str
) -> None:
    """Its end cannot be canceled: SQLAlchemy sees it through."""
    network, through = path
    database = Database(through)
    error = await raised_within(END_SECONDS, fall_silent_in_the_end(database, network, ends_with))
    assert error is not None
    assert is_away(error)
    network.mend()
    async with asyncio.timeout(SECONDS):
        await sleep(database, 0)
        await database.close()


async def test_who_has_less_patience_with_every_statement_has_less_with_the_end(
    path: tuple[Network, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playhead.database.EDGE_SECONDS", 3600)
    network, through = path
    database = Database(through, command_timeout_seconds=0.5)
    error = await raised_within(END_SECONDS, fall_silent_in_the_end(database, network, "COMMIT"))
    assert isinstance(error, TimeoutError)
    await database.close()


async def test_a_step_that_takes_too_long_is_cut_off_at_both_ends(database_url: str) -> None:
    database = Database(database_url)
    with pytest.raises(TimeoutError) as raised:
        await sleep(database, 3600, patience_seconds=1)
    assert is_away(raised.value)
    asleep = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'")
    async with asyncio.timeout(SECONDS), database.transaction() as session:
        # PostgreSQL tells nobody: it has to be asked.
        while await session.scalar(asleep):  # noqa: ASYNC110 - as said
            await asyncio.sleep(0.05)
    await database.close()


async def test_many_steps_may_take_longer_than_each_of_them(database_url: str) -> None:
    database = Database(database_url)
    await sleep(database, 1, times=9, patience_seconds=8)
    await database.close()


AWAY = ["08006", "25006", "40P01", "53100", "53200", "53300", "55000", "57P01", "57P03", "58030", "58P01"]
"""Among them a full disk, a full server, a standby that recovers, a failing disk."""
NOT_AWAY = ["22001", "23505", "42P01", "XX000"]


@pytest.mark.parametrize("state", AWAY + NOT_AWAY)
async def test_it_is_known_by_its_state_whether_another_try_may_succeed(database_url: str, state: str) -> None:
    says = f"DO $$ BEGIN RAISE EXCEPTION 'as if' USING ERRCODE = '{state}'; END $$"
    database = Database(database_url)
    with pytest.raises(DBAPIError) as raised:
        async with database.transaction() as session:
            await session.execute(text(says))
    assert is_away(raised.value) == (state in AWAY)
    await database.close()
    with pytest.raises(psycopg.Error) as told, psycopg.connect(database_url) as connection:
        connection.execute(says)
    error = ConnectorException()
    error.__cause__ = told.value
    assert ticketing.is_away(error) == (state in AWAY)
