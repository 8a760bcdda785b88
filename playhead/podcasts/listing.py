"""Feeds, subscriptions and episodes of an owner, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.errors import NotFoundError
from playhead.models import Delivery, Episode, Feed, Subscription
from playhead.paging import Page, newest
from playhead.podcasts.keeping import Kept


async def list_feeds(session: AsyncSession, owner_id: UUID, *, limit: int, before: UUID | None) -> Page[Feed]:
    """Those that the owner subscribes to, the newest first."""
    return await newest(session, _feeds(owner_id), limit=limit, before=before)


async def list_subscriptions(session: AsyncSession, owner_id: UUID, *, limit: int, before: UUID | None) -> Page[Kept]:
    """The owner's, the newest first."""
    mine = (
        select(Subscription, Feed).join(Feed, Feed.id == Subscription.feed_id).where(Subscription.owner_id == owner_id)
    )
    first = mine.order_by(Subscription.id.desc()).limit(limit + 1)
    rows = (await session.execute(first.where(Subscription.id < before) if before else first)).all()
    kept = [Kept(*row) for row in rows]
    return Page(kept[:limit], kept[limit - 1].subscription.id if len(kept) > limit else None)


async def find_feed(session: AsyncSession, owner_id: UUID, feed_id: UUID, *, to_change: bool = False) -> Feed:
    """One of the feeds that the owner subscribes to, locked where it is to be changed.

    Raises:
        NotFoundError: they do not subscribe to such a feed.
    """
    same = _feeds(owner_id).where(Feed.id == feed_id)
    found = await session.scalar(same.with_for_update() if to_change else same)
    if found is None:
        raise NotFoundError(f"you subscribe to no feed {feed_id}")
    return found


async def all_feeds(session: AsyncSession, owner_id: UUID) -> Sequence[Feed]:
    """All that the owner subscribes to, by their titles."""
    return (await session.scalars(_feeds(owner_id).order_by(Feed.title, Feed.url))).all()


async def is_known(session: AsyncSession, url: str) -> bool:
    """Whether a feed is at this address, and could be read the last time."""
    same = select(Feed.id).where(Feed.url == url, Feed.polled_at.is_not(None), Feed.failures == 0)
    return await session.scalar(same) is not None


async def list_episodes(session: AsyncSession, feed: Feed, *, limit: int, before: UUID | None) -> Page[Episode]:
    """A feed's episodes: by their dates, the newest first; those without a date last.

    Raises:
        NotFoundError: there is no episode ``before`` in it.
    """
    told = select(Episode).filter_by(feed_id=feed.id)
    if before:
        told = _after(told, await _last(session, feed, before))
    first = told.order_by(Episode.published_at.desc().nulls_last(), Episode.id.desc()).limit(limit + 1)
    rows = (await session.scalars(first)).all()
    return Page(rows[:limit], rows[limit - 1].id if len(rows) > limit else None)


async def find_episode(session: AsyncSession, owner_id: UUID, episode_id: UUID) -> Episode:
    """An episode of a feed that the owner subscribes to, or that they were to be told of.

    Raises:
        NotFoundError: there is none.
    """
    subscribed = select(Subscription.id).filter_by(owner_id=owner_id).where(Subscription.feed_id == Episode.feed_id)
    told = select(Delivery.id).filter_by(owner_id=owner_id, episode_id=episode_id)
    mine = select(Episode).where(Episode.id == episode_id, subscribed.exists() | told.exists())
    found = await session.scalar(mine)
    if found is None:
        raise NotFoundError(f"there is no episode {episode_id} in your feeds")
    return found


def _feeds(owner_id: UUID) -> Select[Feed]:
    mine = select(Subscription.id).where(Subscription.feed_id == Feed.id, Subscription.owner_id == owner_id)
    return select(Feed).where(mine.exists())


async def _last(session: AsyncSession, feed: Feed, episode_id: UUID) -> Episode:
    found = await session.scalar(select(Episode).filter_by(feed_id=feed.id, id=episode_id))
    if found is None:
        raise NotFoundError(f"there is no episode {episode_id} in this feed")
    return found


def _after(told: Select[Episode], last: Episode) -> Select[Episode]:
    if last.published_at is None:
        return told.where(Episode.published_at.is_(None), Episode.id < last.id)
    older = tuple_(Episode.published_at, Episode.id) < tuple_(last.published_at, last.id)
    return told.where(Episode.published_at.is_(None) | older)
