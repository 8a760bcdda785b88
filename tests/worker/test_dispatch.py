from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

import procrastinate
import psycopg
import pytest
import pytest_asyncio
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection

from playhead.database import Database
from playhead.tickets import LOOK
from worker.connector import Connector
from worker.dispatch import TicketManager, keep_fetching, make_app


class AwayAtTheEnd:
    """An app whose loop, when canceled, fails to sign off: its database is away."""

    job_manager = None

    def __init__(self) -> None:
        self.running = asyncio.Event()

    async def run_worker_async(self, **_: Any) -> None:
        self.running.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ConnectorException from None


async def test_a_fetch_loop_ends_when_it_is_told_to_though_the_database_is_away() -> None:
    app = AwayAtTheEnd()
    loop = asyncio.create_task(keep_fetching(cast("procrastinate.App", app), ["gpu"], 1, 1.0))
    await app.running.wait()
    loop.cancel()
    await asyncio.wait({loop}, timeout=10)
    assert loop.cancelled()


class Between:
    """A connector that is away at first; then something happens before its first statement that spends a ticket."""

    def __init__(self) -> None:
        self.away = True
        self.happens: Callable[[], Awaitable[None]] | None = None
        self.spent: list[int] = []

    def hurry(self) -> None:
        pass

    async def execute_query_async(self, query: str, **values: Any) -> None:
        if self.away:
            raise ConnectorException
        if "DELETE" not in query:
            return
        if self.happens:
            happens, self.happens = self.happens, None
            await happens()
        self.spent.append(values["id"])


async def test_two_loops_may_spend_the_tickets_that_were_left_behind_at_once() -> None:
    connector = Between()
    manager = TicketManager(cast("Connector", connector))
    for number in (1, 2):
        ticket = Job(id=number, queue="gpu", lock=None, queueing_lock=None, task_name=LOOK, priority=0)
        await manager.finish_job(ticket, Status.SUCCEEDED, delete_job=True)
    connector.away, connector.happens = False, lambda: manager.update_heartbeat(8)
    await manager.update_heartbeat(7)
    assert sorted(set(connector.spent)) == [1, 2]


@pytest_asyncio.fixture(loop_scope="session")
async def gate(postgres_url: str, database_url: str) -> AsyncIterator[Gate]:
    server = Database(postgres_url)
    async with server.engine.connect() as connection:
        own = await connection.execution_options(isolation_level="AUTOCOMMIT")
        yield Gate(own, str(make_url(database_url).database))
    await server.close()


class Gate:
    """The way to a database: closed, every connection is broken and none is made."""

    def __init__(self, server: AsyncConnection, name: str) -> None:
        self._server = server
        self._name = name

    async def close(self) -> None:
        await self._server.execute(text(f'ALTER DATABASE "{self._name}" ALLOW_CONNECTIONS false'))
        killed = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
        await self._server.execute(killed, {"name": self._name})

    async def open(self) -> None:
        await self._server.execute(text(f'ALTER DATABASE "{self._name}" ALLOW_CONNECTIONS true'))

    async def until_listening(self) -> None:
        """PostgreSQL tells nobody who listens: it has to be asked."""
        listening = text("SELECT count(*) FROM pg_stat_activity WHERE datname = :name AND query ILIKE 'listen %'")
        async with asyncio.timeout(30):
            while not await self._server.scalar(listening, {"name": self._name}):  # noqa: ASYNC110 - as said
                await asyncio.sleep(0.05)


async def test_a_queue_is_listened_to_again_after_the_database_was_away(
    gate: Gate, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Procrastinate's gives up when it cannot connect again at once, and nobody noticed: jobs waited for a poll."""
    app = make_app(database_url, application="test", connections=3)
    refused = asyncio.Event()
    connect: Any = psycopg.AsyncConnection.connect

    async def watched(kind: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return await connect.__func__(kind, *args, **kwargs)
        except psycopg.OperationalError:
            if kwargs.get("autocommit"):  # As the listener connects, and the pool does not.
                refused.set()
            raise

    monkeypatch.setattr(psycopg.AsyncConnection, "connect", classmethod(watched))
    async with app.open_async():
        fetching = asyncio.create_task(keep_fetching(app, ["gpu"], 1, 5))
        try:
            await gate.until_listening()
            await gate.close()
            await asyncio.wait_for(refused.wait(), 30)
            await gate.open()
            await gate.until_listening()
        finally:
            await gate.open()
            fetching.cancel()
            await asyncio.wait([fetching])
