"""What is done of each job takes so many round trips to PostgreSQL, and no more: they are counted on the wire."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from procrastinate.jobs import Status

from chaos.proxy import Link, Proxy, connect_to, url_through
from playhead.database import Database
from playhead.errors import EngineCrashedError, MediaUnreadableError
from playhead.identity import new_id
from playhead.ledger import workers
from playhead.tickets import place
from worker.claiming import Claiming
from worker.context import JobContext
from worker.dispatch import make_app
from worker.outcome import Failure, Success
from worker.settling import Settling
from worker.ticketing import TicketManager

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from playhead.ledger.run import Run
    from tests.worker.conftest import House
    from worker.outcome import Outcome

QUEUES = [place("gpu", "transcribe")]
READY = re.compile(rb"Z\x00\x00\x00\x05[ITE]")
"""ReadyForQuery: the server has answered all that it was sent, and waits."""
LENGTH = 6
PING = 1
"""Before a connection is lent, it is asked whether it lives."""
EDGES = PING + 2
"""And with BEGIN and COMMIT."""


class CountedLink(Link):
    _seen = b""

    def answered(self, data: bytes) -> None:
        seen = self._seen + data
        if isinstance(self.proxy, Wire):
            self.proxy.trips += len(READY.findall(seen))
        self._seen = seen[1 - LENGTH :]  # A message may come in two parts.
        super().answered(data)


class Wire(Proxy):
    """The way to a server. ``trips`` were made on it."""

    link = CountedLink
    trips = 0

    async def count(self, act: Callable[[], Awaitable[Any]]) -> int:
        """How many it takes the second time: with the first, connections are made and statements prepared."""
        await act()
        before = self.trips
        await act()
        return self.trips - before


@asynccontextmanager
async def wired(url: str) -> AsyncIterator[tuple[Wire, str]]:
    wire = Wire(connect_to(url))
    port = await wire.start()
    try:
        yield wire, url_through(port, url)
    finally:
        await wire.stop()


class Desk:
    """What a worker does of a job, each by itself."""

    def __init__(self, house: House, database: Database, wire: Wire) -> None:
        self.house = house
        self.wire = wire
        self.worker_id = new_id()
        self.database = database
        self._claiming = Claiming(database, self.worker_id, wanted=lambda: True, may_take_up=lambda _: True)
        self._settling = Settling(database, house.storage, house.settings.retry)

    async def arrive(self) -> None:
        about: dict[str, Any] = {"name": "desk", "device": "none", "queues": ["gpu"], "concurrency": {"gpu": 1}}
        async with self.house.database.transaction() as session:
            await workers.arrive(session, self.worker_id, **about)

    async def claimed(self) -> Run:
        """A run of a new job."""
        run = await self._claiming.claim(await self.house.submit())
        assert run is not None
        return run

    async def begun(self, outputs: int = 0) -> JobContext:
        nothing: Any = None  # No input is brought.
        run = await self.claimed()
        context = JobContext(run, self.database, self.house.storage, nothing, nothing, Path("nowhere"), nothing)
        for number in range(outputs):
            await context.save_output(f"{run.lease}-{number}.txt", f"{run.lease}, {number}".encode(), "text/plain")
        return context

    async def settling(self, outcome: Outcome, outputs: int = 0) -> int:
        """How many round trips the end of a run takes."""
        ending = [await self.begun(outputs) for _ in range(2)]
        return await self.wire.count(lambda: self._settling.settle(ending.pop(), outcome))


@pytest_asyncio.fixture(loop_scope="session")
async def desk(house: House) -> AsyncIterator[Desk]:
    async with wired(house.database.url) as (wire, through):
        database = Database(through)
        made = Desk(house, database, wire)
        await made.arrive()
        yield made
        await database.close()


@pytest_asyncio.fixture(loop_scope="session")
async def loop(house: House) -> AsyncIterator[tuple[Wire, TicketManager, int]]:
    async with wired(house.database.url) as (wire, through):
        app = make_app(through, application="test", connections=1)
        async with app.open_async():
            manager = app.job_manager
            assert isinstance(manager, TicketManager)
            yield wire, manager, await manager.register_worker()


async def test_a_claim_is_one_statement(desk: Desk) -> None:
    assert await desk.wire.count(desk.claimed) == 1 + PING


async def test_so_is_the_fetch_of_a_ticket_and_so_its_end(house: House, loop: tuple[Wire, TicketManager, int]) -> None:
    wire, manager, number = loop
    tickets = []

    async def fetch() -> None:
        ticket = await manager.fetch_job(QUEUES, number)
        assert ticket is not None
        tickets.append(ticket)

    async def end() -> None:
        await manager.finish_job(tickets.pop(), Status.SUCCEEDED, delete_job=True)
        await manager.ended()

    for _ in range(3):
        await house.submit()
    assert await wire.count(fetch) == 1 + PING
    assert await wire.count(end) == 1 + PING


async def test_a_report_is_one_statement_in_a_transaction(desk: Desk) -> None:
    context = await desk.begun()

    async def report() -> None:
        context.reporter.progress(0.5, "working", None)
        context.reporter.event("step", [{}])
        context.reporter.checkpoint({})
        await context.reporter.flush()

    assert await desk.wire.count(report) == 1 + EDGES


async def test_a_success_that_made_no_output_holds_its_job_and_ends_it(desk: Desk) -> None:
    assert await desk.settling(Success({})) == 2 + EDGES


@pytest.mark.parametrize("outputs", [1, 5])
async def test_outputs_take_no_more_for_each(desk: Desk, outputs: int) -> None:
    assert await desk.settling(Success({}), outputs) == 6 + EDGES


async def test_a_failure_for_good_looks_for_who_waits_for_the_job(desk: Desk) -> None:
    assert await desk.settling(Failure(MediaUnreadableError("no sound"))) == 4 + EDGES


async def test_a_failure_that_is_tried_again(desk: Desk) -> None:
    assert await desk.settling(Failure(EngineCrashedError("it died"))) == 2 + EDGES
