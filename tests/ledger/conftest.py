from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest_asyncio
from sqlalchemy import func, select, text, update

from playhead.database import Database
from playhead.identity import new_id
from playhead.ledger import settle, workers
from playhead.ledger.claim import claim
from playhead.ledger.run import Run
from playhead.ledger.settle import Cost
from playhead.ledger.submit import Submission, submit
from playhead.models import ADMIN_OWNER, Event, Job, WorkerRow
from playhead.settings import RetrySettings
from playhead.states import State
from playhead.storage import Blob
from tests.activity import until_blocked

BASE = Submission(
    owner_id=ADMIN_OWNER,
    kind="transcribe",
    queue="gpu",
    params={},
    input={"url": "https://example.com/talk.mp3"},
    max_attempts=3,
)


async def confirm(_: Collection[Blob]) -> None:
    """As a storage that has all bytes."""


@dataclass
class Bench:
    """A ledger with one worker, and short words for what happens to jobs."""

    database: Database
    worker_id: UUID

    async def submit(self, **changes: Any) -> UUID:
        async with self.database.transaction() as session:
            return await submit(session, replace(BASE, **changes))

    async def claim(self, job_id: UUID) -> Run | None:
        async with self.database.transaction() as session:
            return await claim(session, job_id, self.worker_id)

    async def running(self, **changes: Any) -> Run:
        run = await self.claim(await self.submit(**changes))
        assert run is not None
        return run

    async def succeed(self, run: Run) -> None:
        async with self.database.transaction() as session:
            await settle.succeed(session, run, {"text": "hello"}, [], Cost(1.5, 10.0), confirm)

    async def fail(self, run: Run, error: Any, retry: RetrySettings | None = None) -> State:
        async with self.database.transaction() as session:
            return await settle.fail(session, run, error, Cost(), retry or RetrySettings())

    async def job(self, job_id: UUID) -> Job:
        async with self.database.transaction() as session:
            return (await session.scalars(select(Job).where(Job.id == job_id))).one()

    async def state(self, job_id: UUID) -> str:
        return (await self.job(job_id)).state

    async def tickets(self) -> list[UUID]:
        async with self.database.transaction() as session:
            order = text("SELECT CAST(args ->> 'job_id' AS uuid) FROM procrastinate_jobs ORDER BY priority DESC, id")
            return list(await session.scalars(order))

    async def spend_tickets(self) -> None:
        async with self.database.transaction() as session:
            await session.execute(text("DELETE FROM procrastinate_jobs"))

    async def history(self, job_id: UUID) -> list[str]:
        async with self.database.transaction() as session:
            states = select(Event.data["state"].astext).where(Event.job_id == job_id, Event.type == "state")
            return list(await session.scalars(states.order_by(Event.id)))

    async def blocked(self, count: int = 1) -> None:
        await until_blocked(self.database, count)

    async def set(self, job_id: UUID, **values: Any) -> None:
        async with self.database.transaction() as session:
            await session.execute(update(Job).where(Job.id == job_id).values(**values))

    async def silence(self, worker_id: UUID) -> None:
        """Let the worker have been silent for an hour."""
        past = func.now() - text("interval '1 hour'")
        async with self.database.transaction() as session:
            await session.execute(update(WorkerRow).where(WorkerRow.id == worker_id).values(heartbeat_at=past))


@pytest_asyncio.fixture(loop_scope="session")
async def bench(database_url: str) -> AsyncIterator[Bench]:
    database = Database(database_url)
    worker_id = new_id()
    async with database.transaction() as session:
        await workers.arrive(session, worker_id, name="bench", device="none", queues=["gpu"], concurrency={"gpu": 1})
    yield Bench(database, worker_id)
    await database.close()
