from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest_asyncio

from playhead.asking.requests import Requests, RequestTypes
from playhead.database import Database
from playhead.identity import new_id
from playhead.ledger import workers
from playhead.registry import kinds
from playhead.settings import Settings
from playhead.storage import Storage
from tests.podcasts.newsroom import Newsroom

TYPES = RequestTypes.of(kinds())


@pytest_asyncio.fixture(loop_scope="session")
async def newsroom(database_url: str, tmp_path: Path) -> AsyncIterator[Newsroom]:
    database, worker_id = Database(database_url), new_id()
    settings = Settings(database_url=database_url, admin_key=None, data_dir=tmp_path)
    async with database.transaction() as session:
        await workers.arrive(session, worker_id, name="bench", device="none", queues=["gpu"], concurrency={"gpu": 1})
    storage = Storage.from_url(settings.storage_location)
    yield Newsroom(database, storage, Requests(TYPES, settings), worker_id, datetime(2026, 11, 28, 22, tzinfo=UTC))
    await database.close()
