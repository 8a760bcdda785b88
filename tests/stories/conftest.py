from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest_asyncio
from sqlalchemy import select

from playhead.asking.requests import Requests, RequestTypes
from playhead.database import Database
from playhead.errors import PlayheadError
from playhead.identity import new_id
from playhead.ledger import settle, workers
from playhead.ledger.batches import read
from playhead.ledger.claim import claim
from playhead.ledger.settle import Cost, Made
from playhead.models import ADMIN_OWNER, Adventure, AdventureEntry, File, Job
from playhead.registry import kinds
from playhead.settings import Settings
from playhead.states import State
from playhead.storage import Storage
from playhead.stories import keeping, reading
from playhead.stories.deciding import Decision, decide
from playhead.stories.reconciling import Reconciler
from playhead.stories.steps import ANNOTATE, ANNOTATION, AUDIO, SPEAK, STEPS, TELL, TRANSLATE, TRANSLATION
from playhead.story import Memory, Story

TYPES = RequestTypes.of(kinds())


def story(number: int = 1) -> Story:
    return Story(
        number=number,
        theme="An old house",
        language="en",
        level="A1",
        title=f"Entry {number}",
        paragraphs=[["Ann found a map.", "It was old."], ["She took it."]],
        choices=["Go home.", "Follow the map.", "Burn the map."],
        memory=Memory(lately=["Ann found a map."]),
        model="m",
    )


RESULTS: dict[str, dict[str, Any]] = {
    TRANSLATE: {"left": [{"first": 2, "last": 2, "reason": "it has no words"}]},
    SPEAK: {"duration_seconds": 3.5},
    ANNOTATE: {},
}
MADE = {
    TRANSLATE: (TRANSLATION, b"Ann a une carte.\nIt was old.\n\nElle la prit.\n", "text/plain"),
    SPEAK: (AUDIO, b"any sound", "audio/mpeg"),
    ANNOTATE: (ANNOTATION, b"{}", "application/json"),
}


@dataclass
class Desk:
    """Adventures, and jobs that end as the test wants."""

    database: Database
    storage: Storage
    requests: Requests
    worker_id: UUID = field(default_factory=new_id)

    @property
    def reconciler(self) -> Reconciler:
        return Reconciler(self.database, self.storage)

    async def begin(self, **changes: Any) -> UUID:
        about = {"language": "en", "level": "A1", "native_language": "fr", "theme": "An old house", "annotated": True}
        wanted = Adventure(owner_id=ADMIN_OWNER, **about | changes)
        async with self.database.transaction() as session:
            return (await keeping.create(session, self.requests, wanted)).id

    async def view(self, adventure_id: UUID) -> reading.AdventureView:
        async with self.database.transaction() as session:
            return await reading.find(session, ADMIN_OWNER, adventure_id)

    async def latest(self, adventure_id: UUID) -> AdventureEntry:
        return (await self.view(adventure_id)).latest

    async def decide(self, adventure_id: UUID, choice: int | str, **about: Any) -> AdventureEntry:
        async with self.database.transaction() as session:
            view = await reading.find(session, ADMIN_OWNER, adventure_id, to_change=True)
            return await decide(session, self.requests, view, Decision(choice, **about))

    async def retry(self, adventure_id: UUID) -> None:
        async with self.database.transaction() as session:
            view = await reading.find(session, ADMIN_OWNER, adventure_id, to_change=True)
            await keeping.retry(session, self.requests, view)

    async def remove(self, adventure_id: UUID) -> None:
        async with self.database.transaction() as session:
            await keeping.remove(session, await reading.find(session, ADMIN_OWNER, adventure_id, to_change=True))

    async def job(self, adventure_id: UUID, step: str) -> Job:
        entry = await self.latest(adventure_id)
        async with self.database.transaction() as session:
            batch = (await read.find_batch(session, ADMIN_OWNER, entry.batch_id)).batch
            assert batch.names is not None
            return (await session.scalars(select(Job).where(Job.id == UUID(batch.names[step])))).one()

    async def end(self, adventure_id: UUID, step: str, error: PlayheadError | None = None, **result: Any) -> None:
        """Have the job of the latest entry be done, or fail."""
        job, made = await self.job(adventure_id, step), []
        if step in MADE and error is None:
            name, content, media_type = MADE[step]
            blob = await self.storage.put_bytes(content)
            made = [Made(name, blob.sha256, blob.size_bytes, media_type)]
        async with self.database.transaction() as session:
            run = await claim(session, job.id, self.worker_id)
            assert run is not None
            if error:
                await settle.fail(session, run, error, Cost(), self.requests.settings.retry)
            else:
                told = RESULTS[step] | result if step != TELL else await self._told(adventure_id) | result
                await settle.succeed(session, run, told, made, Cost(), self.storage.confirm)

    async def _told(self, adventure_id: UUID) -> dict[str, Any]:
        return story((await self.latest(adventure_id)).number).model_dump(mode="json")

    async def write(self, adventure_id: UUID) -> None:
        """Have all that is left of the latest entry be done, and written down."""
        for step in STEPS:
            if (await self.job(adventure_id, step)).state != State.SUCCEEDED:
                await self.end(adventure_id, step)
        assert await self.reconciler.advance() == 1

    async def all(self, model: type[Any]) -> list[Any]:
        async with self.database.transaction() as session:
            return list(await session.scalars(select(model).order_by(*model.__table__.primary_key)))

    async def files(self) -> list[File]:
        return await self.all(File)


@pytest_asyncio.fixture(loop_scope="session")
async def desk(database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    database = Database(database_url)
    settings = Settings(database_url=database_url, data_dir=tmp_path, admin_key=None)
    made = Desk(database, Storage.from_url(settings.storage_location), Requests(TYPES, settings))
    async with database.transaction() as session:
        await workers.arrive(
            session, made.worker_id, name="bench", device="none", queues=["llm", "cpu"], concurrency={"llm": 1}
        )
    yield made
    await database.close()
