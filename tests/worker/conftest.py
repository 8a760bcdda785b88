from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import select, text

from playhead.database import Database
from playhead.ledger.files import add_file
from playhead.ledger.history import CHANNEL
from playhead.ledger.submit import Submission, submit
from playhead.models import ADMIN_OWNER, Checkpoint, Event, Job, Output
from playhead.settings import Settings
from playhead.signals import Listener
from playhead.states import TERMINAL
from playhead.storage import Storage
from tests.activity import until_blocked
from worker import connector
from worker.main import working

SUBMISSION = Submission(owner_id=ADMIN_OWNER, kind="transcribe", queue="gpu", params={}, input={}, max_attempts=3)
Found = TypeVar("Found")


@dataclass
class House:
    """A database, a storage and workers on demand."""

    settings: Settings
    database: Database
    storage: Storage
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    def worker(self, **changes: Any) -> Any:
        return working(self.settings.model_copy(update=changes))

    def slow(self, seconds_per_segment: float, segments: int = 4) -> dict[str, Any]:
        paced = {"seconds_per_segment": seconds_per_segment, "segments": segments}
        return {"stub": self.settings.stub.model_copy(update=paced)}

    async def upload(self, content: bytes, owner_id: UUID = ADMIN_OWNER) -> UUID:
        blob = await self.storage.put_bytes(content)
        about: dict[str, Any] = {"name": "talk.wav", "media_type": "audio/wav", "duration_seconds": None}
        async with self.database.transaction() as session:
            return (await add_file(session, owner_id=owner_id, blob=blob, expires_in_seconds=3600, **about)).id

    async def submit(self, content: bytes = b"any recording", **changes: Any) -> UUID:
        file_id = await self.upload(content, changes.get("owner_id", ADMIN_OWNER))
        wanted = {"input": {"file": str(file_id)}} | changes
        async with self.database.transaction() as session:
            return await submit(session, replace(SUBMISSION, **wanted))

    async def job(self, job_id: UUID) -> Job:
        async with self.database.transaction() as session:
            return (await session.scalars(select(Job).where(Job.id == job_id))).one()

    async def outputs(self, job_id: UUID) -> dict[str, bytes]:
        async with self.database.transaction() as session:
            rows = (await session.scalars(select(Output).where(Output.job_id == job_id))).all()
        return {row.name: b"".join([part async for part in await self.storage.read(row.sha256)]) for row in rows}

    async def events(self, job_id: UUID, event: str) -> list[Any]:
        async with self.database.transaction() as session:
            told = select(Event.data).where(Event.job_id == job_id, Event.type == event).order_by(Event.id)
            return list(await session.scalars(told))

    async def once(
        self, find: Callable[[], Awaitable[Found]], true: Callable[[Found], object], seconds: float = 60
    ) -> Found:
        """Wait for news of jobs until this is true of what is found."""
        async with asyncio.timeout(seconds), self.news:
            while not true(found := await find()):
                await self.news.wait()
            return found

    async def until(self, job_id: UUID, true: Callable[[Job], bool], seconds: float = 60) -> Job:
        """Wait for news of jobs until this is true of this one."""
        return await self.once(lambda: self.job(job_id), true, seconds)

    async def ended(self, job_id: UUID) -> Job:
        return await self.until(job_id, lambda job: job.state in TERMINAL)

    async def kept(self, job_id: UUID) -> Any:
        """What the job goes on from in its next attempt, as soon as there is something."""

        async def find() -> Any:
            async with self.database.transaction() as session:
                return await session.scalar(select(Checkpoint.state).where(Checkpoint.job_id == job_id))

        return await self.once(find, bool)

    async def blocked(self) -> None:
        await until_blocked(self.database)

    async def kill_backends(self) -> None:
        """End every other connection to the database, as a restart of the server does."""
        kill = text(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        async with self.database.transaction() as session:
            await session.execute(kill)


@asynccontextmanager
async def listening(house: House) -> AsyncIterator[None]:
    tasks: set[asyncio.Task[None]] = set()

    async def tell() -> None:
        async with house.news:
            house.news.notify_all()

    def heard(*_: str) -> None:
        task = asyncio.create_task(tell())
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    async with Listener(house.database.url, {CHANNEL: heard}, on_connect=heard) as listener:
        await listener.connected.wait()
        yield


@pytest_asyncio.fixture(loop_scope="session")
async def house(database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    settings = Settings(database_url=database_url, data_dir=tmp_path, engines="stub", admin_key=None)
    settings.retry.base_seconds = 0.01
    database = Database(database_url)
    made = House(settings, database, Storage.from_url(settings.storage_location))
    async with listening(made):
        yield made
    await database.close()


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop that leaves waits long enough for its last answers, on a loaded machine too: else tickets stay behind."""
    monkeypatch.setattr(connector, "FAREWELL_SECONDS", 30.0)
