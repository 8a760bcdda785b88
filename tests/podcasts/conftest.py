from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest_asyncio
from sqlalchemy import func, select, update

from playhead.asking.requests import Requests, RequestTypes
from playhead.database import Database
from playhead.identity import new_id
from playhead.ledger import workers
from playhead.models import ADMIN_OWNER, Delivery, Episode, Feed, Owner, Subscription
from playhead.podcasts import keeping
from playhead.podcasts.polling.due import Polling
from playhead.registry import kinds
from playhead.settings import Settings
from playhead.storage import Storage
from tests.http_server import Answer
from tests.podcasts.newsroom import Newsroom
from tests.podcasts.server import ADDRESS, FeedServer, serving


@dataclass
class Desk:
    """Feeds on a real server, people who subscribe, and a poll whenever the test says so."""

    database: Database
    settings: Settings
    server: FeedServer

    def serve(self, told: Answer, path: str = "/feed.xml") -> None:
        self.server.answers[path] = told

    async def subscribe(self, path: str = "/feed.xml", owner_id: UUID = ADMIN_OWNER, **wishes: Any) -> Subscription:
        wanted = Subscription(
            owner_id=owner_id, **{"keywords": [], "newest": None, "notify": {"digest": True}, **wishes}
        )
        async with self.database.transaction() as session:
            return (await keeping.subscribe(session, wanted, Feed(url=self.server.url(path)))).subscription

    async def owner(self, name: str) -> UUID:
        async with self.database.transaction() as session:
            session.add(made := Owner(name=name))
            await session.flush()
            return made.id

    async def poll(self, *paths: str) -> None:
        """Let feeds that somebody wants be due, these or all, and ask them."""
        due = update(Feed).where(Feed.next_poll_at.is_not(None)).values(next_poll_at=func.now())
        urls = [self.server.url(path) for path in paths]
        async with self.database.transaction() as session:
            await session.execute(due.where(Feed.url.in_(urls)) if urls else due)
        while await self._is_any_due():
            await self.polling.poll_due()

    async def _is_any_due(self) -> bool:
        async with self.database.transaction() as session:
            return await session.scalar(select(Feed.id).where(Feed.next_poll_at <= func.now()).limit(1)) is not None

    @property
    def polling(self) -> Polling:
        return Polling(self.database, self.settings)

    async def polled(self, told: Answer, path: str = "/feed.xml") -> None:
        self.serve(told, path)
        await self.poll()

    async def feed(self, path: str = "/feed.xml") -> Feed:
        async with self.database.transaction() as session:
            return (await session.scalars(select(Feed).filter_by(url=self.server.url(path)))).one()

    async def feeds(self) -> Sequence[Feed]:
        async with self.database.transaction() as session:
            return (await session.scalars(select(Feed).order_by(Feed.id))).all()

    async def episodes(self) -> Sequence[Episode]:
        """All there are, the first that were found first."""
        async with self.database.transaction() as session:
            return (await session.scalars(select(Episode).order_by(Episode.id))).all()

    async def titles(self) -> list[str | None]:
        """As their feed has them: the newest first."""
        return [episode.title for episode in reversed(await self.episodes())]

    async def deliveries(self, owner_id: UUID = ADMIN_OWNER) -> list[str | None]:
        """Titles of the episodes that this owner is told of, in the order of the telling."""
        told = select(Episode.title).join(Delivery, Delivery.episode_id == Episode.id).order_by(Delivery.id)
        async with self.database.transaction() as session:
            return list(await session.scalars(told.where(Delivery.owner_id == owner_id)))

    async def states(self) -> Mapping[str | None, str]:
        return {episode.title: episode.state for episode in await self.episodes()}


@asynccontextmanager
async def standing(database_url: str) -> AsyncIterator[Desk]:
    settings = Settings(database_url=database_url, admin_key=None)
    settings.fetch.allowed_networks = [IPv4Network(f"{ADDRESS}/32")]
    settings.fetch.silence_seconds = 5
    database = Database(database_url)
    async with serving() as server:
        yield Desk(database, settings, server)
    await database.close()


@pytest_asyncio.fixture(loop_scope="session")
async def desk(database_url: str) -> AsyncIterator[Desk]:
    async with standing(database_url) as desk:
        yield desk


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
