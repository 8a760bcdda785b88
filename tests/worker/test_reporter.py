"""What a run has to say is written once, whatever cuts in."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from playhead.database import Database
from playhead.identity import new_id
from playhead.ledger import report, workers
from playhead.ledger.claim import claim
from worker.reporter import Reporter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from playhead.ledger.run import Run
    from tests.worker.conftest import House


async def take(house: House, job_id: UUID) -> Run:
    worker_id = new_id()
    about: dict[str, Any] = {"name": "reporter", "device": "none", "queues": ["gpu"], "concurrency": {"gpu": 1}}
    async with house.database.transaction() as session:
        await workers.arrive(session, worker_id, **about)
        await session.flush()
        run = await claim(session, job_id, worker_id)
    assert run is not None
    return run


async def test_what_is_being_written_when_the_work_ends_is_not_lost(house: House) -> None:
    job_id = await house.submit()
    run = await take(house, job_id)
    reporter = Reporter(house.database, run)
    reporter.event("segment", [{"id": 0}])
    async with house.database.transaction() as session:
        await report.hold(session, run)
        writing = asyncio.create_task(reporter.keep_writing())
        await house.blocked()
        writing.cancel()
        await asyncio.wait([writing])
    await reporter.flush()
    assert await house.events(job_id, "segment") == [{"id": 0}]


class Lossy(Database):
    """Commits, but its answer is lost on the way, once."""

    lose = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        async with super().transaction() as session:
            yield session
        if self.lose:
            self.lose = False
            message = "the server closed the connection"
            raise ConnectionResetError(message)


async def test_what_was_written_without_an_answer_is_not_written_twice(house: House) -> None:
    job_id = await house.submit()
    run = await take(house, job_id)
    database = Lossy(house.database.url)
    reporter = Reporter(database, run)
    for number in range(4):
        reporter.event("segment", [{"id": 2 * number}, {"id": 2 * number + 1}])
        database.lose = number in {1, 3}
        if database.lose:
            with pytest.raises(ConnectionResetError):
                await reporter.flush()
        elif number == 0:
            await reporter.flush()
    await reporter.flush()
    await database.close()
    assert await house.events(job_id, "segment") == [{"id": number} for number in range(8)]
