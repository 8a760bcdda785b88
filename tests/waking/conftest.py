from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest_asyncio
from sqlalchemy import func, select, update

from playhead.asking.requests import Requests, RequestTypes
from playhead.database import Database
from playhead.identity import new_id
from playhead.ledger import workers
from playhead.ledger.submit import Submission, submit
from playhead.models import ADMIN_OWNER, Job, Wake, WorkerRow
from playhead.registry import kinds
from playhead.settings import Settings
from playhead.storage import Storage
from playhead.waking import calls
from playhead.waking.standing_in import StandIn
from playhead.waking.waker import Waker

TYPES = RequestTypes.of(kinds())
SUBMISSION = Submission(
    owner_id=ADMIN_OWNER,
    kind="transcribe",
    queue="gpu",
    params={},
    input={"url": "https://example.com/talk.mp3"},
    max_attempts=3,
)
LOST_AFTER_SECONDS = 1.0


@dataclass
class Yard:
    """A ledger whose workers may be woken, and short words for what happens there."""

    database: Database
    settings: Settings
    storage: Storage

    async def arm(self, **wake: Any) -> None:
        """As an API with a hook does."""
        async with self.database.transaction() as session:
            hook = self.settings.wake.model_copy(update=wake)
            await calls.arm(session, hook, LOST_AFTER_SECONDS)

    async def submit(self, **changes: Any) -> UUID:
        async with self.database.transaction() as session:
            return await submit(session, replace(SUBMISSION, **changes))

    async def hire(self, queues: tuple[str, ...] = ("gpu",), kinds: list[str] | None = None) -> UUID:
        """A worker that lives, and goes on to."""
        worker_id = new_id()
        about: dict[str, Any] = {"name": "yard", "device": "none", "queues": list(queues), "kinds": kinds}
        async with self.database.transaction() as session:
            await workers.arrive(session, worker_id, concurrency={}, **about)
        await self.set_worker(worker_id, heartbeat_at=func.now() + timedelta(hours=1))
        return worker_id

    async def set_worker(self, worker_id: UUID, **values: Any) -> None:
        async with self.database.transaction() as session:
            await session.execute(update(WorkerRow).where(WorkerRow.id == worker_id).values(**values))

    async def set_job(self, job_id: UUID, **values: Any) -> None:
        async with self.database.transaction() as session:
            await session.execute(update(Job).where(Job.id == job_id).values(**values))

    async def set_wake(self, **values: Any) -> None:
        async with self.database.transaction() as session:
            await session.execute(update(Wake).values(**values))

    async def wake(self, queue: str = "gpu") -> Wake:
        async with self.database.transaction() as session:
            return (await session.scalars(select(Wake).where(Wake.queue == queue))).one()

    async def is_armed(self) -> bool:
        async with self.database.transaction() as session:
            return await session.scalar(select(func.count()).select_from(Wake)) != 0

    async def wished(self) -> set[str]:
        """The queues with a wish whose call is still to be made, or under way."""
        async with self.database.transaction() as session:
            return set(await session.scalars(select(Wake.queue).where(Wake.pending)))

    @asynccontextmanager
    async def waker(self, **wake: Any) -> AsyncIterator[None]:
        """That of an API with this hook."""
        settings = self.settings.model_copy(update={"wake": self.settings.wake.model_copy(update=wake)})
        async with Waker.at_work(StandIn(self.database, self.storage, Requests(TYPES, settings))):
            yield


async def soon(heard: asyncio.Event | asyncio.Queue[Any]) -> Any:
    """What is waited for; a test that waits too long fails."""
    return await asyncio.wait_for(heard.wait() if isinstance(heard, asyncio.Event) else heard.get(), 60)


@pytest_asyncio.fixture(loop_scope="session")
async def yard(database_url: str, tmp_path: Path) -> AsyncIterator[Yard]:
    settings = Settings(database_url=database_url, admin_key=None, data_dir=tmp_path)
    settings.worker.heartbeat_seconds = 0.05
    settings.worker.lost_after_seconds = LOST_AFTER_SECONDS
    settings.wake.retry_seconds = 600
    database = Database(database_url)
    yield Yard(database, settings, Storage.from_url(settings.storage_location))
    await database.close()
