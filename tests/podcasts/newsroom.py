"""Feeds, subscribers and what is done for them, with jobs that end as the test says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text, update

from playhead.asking.requests import Requests
from playhead.database import Database
from playhead.errors import PlayheadError
from playhead.identity import new_id
from playhead.ledger import settle
from playhead.ledger.claim import claim
from playhead.ledger.run import Run
from playhead.ledger.settle import Cost, Made
from playhead.models import Delivery, Digest, DigestIssue, Episode, Feed, Job, Owner, Subscription
from playhead.podcasts import keeping
from playhead.podcasts.finishing import finish_made
from playhead.podcasts.making import make_wanted
from playhead.podcasts.telling import deliveries, digests, trying
from playhead.podcasts.telling.expiring import expire_late, fail_hopeless
from playhead.podcasts.telling.following import follow
from playhead.podcasts.telling.issuing import issue_due
from playhead.podcasts.telling.sending import send_ready
from playhead.settings import RetrySettings
from playhead.storage import Storage

SUMMARY: dict[str, Any] = {
    "title": "What the model calls it",
    "summary": "They talk about *rain*.",
    "key_points": ["It rains."],
    "action_items": [],
    "chapters": [{"title": "Rain", "start": 0.0, "end": 9.0, "passage": 0}],
    "quotes": [],
    "quotes_dropped": 0,
    "language": "en",
    "duration_seconds": 61.0,
    "windows": 1,
    "model": "smollm2",
}


@dataclass
class Newsroom:
    """Has all turns of housekeeping that podcasts need, at a time that only the test moves."""

    database: Database
    storage: Storage
    requests: Requests
    worker_id: UUID
    now: datetime

    async def add(self, *rows: Any) -> None:
        async with self.database.transaction() as session:
            for row in rows:
                session.add(row)
                await session.flush()

    async def feed(self, **about: Any) -> Feed:
        feed = Feed(**{"url": f"https://example.com/{new_id()}.xml", "title": "The Weather"} | about)
        await self.add(feed)
        return feed

    async def episode(self, feed: Feed, **about: Any) -> Episode:
        defaults: dict[str, Any] = {
            "title": "Rain",
            "link": "https://example.com/rain",
            "enclosure_url": "https://example.com/rain.mp3",
            "published_at": datetime(2026, 11, 28, 6, tzinfo=UTC),
            "state": "wanted",
        }
        episode = Episode(feed_id=feed.id, **defaults | about)
        await self.add(episode)
        return episode

    async def subscriber(self, feed: Feed, notify: dict[str, Any], tier: str = "free") -> Subscription:
        owner = Owner(id=new_id(), name=f"subscriber-{new_id()}", tier=tier)
        subscription = Subscription(owner_id=owner.id, feed_id=feed.id, notify=notify)
        await self.add(owner, subscription)
        return subscription

    async def delivery(self, to: Subscription, episode: Episode, *, days: float = 7, **about: Any) -> Delivery:
        delivery = Delivery(owner_id=to.owner_id, subscription_id=to.id, episode_id=episode.id, **about)
        delivery.expires_at = datetime.now(UTC) + timedelta(days=days)
        await self.add(delivery)
        return delivery

    async def digested(self, feed: Feed, notify: dict[str, Any] | None = None) -> Subscription:
        """A subscriber who gets a digest."""
        subscription = await self.subscriber(feed, {"digest": True})
        await self.set_digest(subscription.owner_id, notify=notify or {"feed": True})
        return subscription

    async def set_digest(self, owner_id: UUID, **changes: Any) -> None:
        async with self.database.transaction() as session:
            digest = await digests.ensure(session, owner_id, self.requests.settings.podcasts, self.now)
            digests.change(digest, changes, self.now)

    async def digest(self, owner_id: UUID) -> Digest:
        async with self.database.transaction() as session:
            return await session.get_one(Digest, owner_id)

    async def at(self, now: datetime) -> None:
        """Let it be this time."""
        self.now = now
        await self.turn()

    async def retry(self, delivery: Delivery) -> None:
        async with self.database.transaction() as session:
            held = await deliveries.find(session, delivery.owner_id, delivery.id, to_change=True)
            await deliveries.retry(session, held, self.requests.settings.podcasts)

    async def change(self, subscription: Subscription, **changes: Any) -> None:
        async with self.database.transaction() as session:
            keeping.change(await session.get_one(Subscription, subscription.id), changes)

    async def validate(self, subscription: Subscription) -> Delivery:
        async with self.database.transaction() as session:
            kept = await keeping.find(session, subscription.owner_id, subscription.id, to_change=True)
            return await trying.validate(session, kept.subscription, 60)

    async def unsubscribe(self, subscription: Subscription) -> None:
        async with self.database.transaction() as session:
            kept = await keeping.find(session, subscription.owner_id, subscription.id, to_change=True)
            await keeping.unsubscribe(session, kept)

    async def tickets(self, job: Job) -> list[int]:
        """The priorities of the tickets that the job has."""
        theirs = text("SELECT priority FROM procrastinate_jobs WHERE args->>'job_id' = :job_id ORDER BY priority")
        async with self.database.transaction() as session:
            return list(await session.scalars(theirs, {"job_id": str(job.id)}))

    async def deliveries(self) -> list[Delivery]:
        async with self.database.transaction() as session:
            return list(await session.scalars(select(Delivery).order_by(Delivery.id)))

    async def turn(self) -> None:
        """All turns, until nothing is left to be done. Each is a transaction, as in a worker."""
        while await self._once():
            pass

    async def _once(self) -> int:
        done = 0
        for step in (
            finish_made,
            lambda session: make_wanted(session, self.requests),
            lambda session: follow(session, Delivery),
            lambda session: follow(session, DigestIssue),
            expire_late,
            fail_hopeless,
            lambda session: send_ready(session, self.requests),
            lambda session: issue_due(session, self.requests, self.now),
        ):
            async with self.database.transaction() as session:
                done += await step(session)
        return done

    async def jobs(self, kind: str | None = None) -> list[Job]:
        wanted = select(Job).order_by(Job.id)
        async with self.database.transaction() as session:
            return list(await session.scalars(wanted if kind is None else wanted.filter_by(kind=kind)))

    async def job(self, kind: str) -> Job:
        [job] = await self.jobs(kind)
        return job

    async def again(self, row: Any) -> Any:
        async with self.database.transaction() as session:
            return await session.get(type(row), row.id)

    async def begin(self, job: Job) -> Run:
        async with self.database.transaction() as session:
            run = await claim(session, job.id, self.worker_id)
        assert run is not None
        return run

    async def succeed(self, job: Job, result: dict[str, Any], **outputs: bytes) -> None:
        """Have the job done; of the names of its outputs ``_`` is a dot."""
        made = []
        for name, content in outputs.items():
            blob = await self.storage.put_bytes(content)
            made.append(Made(name.replace("_", "."), blob.sha256, blob.size_bytes, "application/json"))
        await self.finish(await self.begin(job), result, made)

    async def finish(self, run: Run, result: dict[str, Any], made: Sequence[Made] = ()) -> None:
        async with self.database.transaction() as session:
            await settle.succeed(session, run, result, made, Cost(), self.storage.confirm)

    async def fail(self, job: Job, error: PlayheadError) -> None:
        run = await self.begin(job)
        async with self.database.transaction() as session:
            await settle.fail(session, run, error, Cost(), RetrySettings())

    async def word(self, notify: dict[str, Any], **about: Any) -> Delivery:
        """A delivery to a subscriber of their own of an episode that is ready."""
        feed = await self.feed()
        episode = await self.episode(feed, state="ready", summary=SUMMARY)
        return await self.delivery(await self.subscriber(feed, notify), episode, **about)

    async def late(self, delivery: Delivery) -> None:
        """Let its time be over."""
        past = func.now() - timedelta(seconds=1)
        async with self.database.transaction() as session:
            await session.execute(update(Delivery).where(Delivery.id == delivery.id).values(expires_at=past))
