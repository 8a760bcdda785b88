"""Subscriptions: made, changed, tried out, ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.errors import NotFoundError, SubscribedError
from playhead.identity import new_id
from playhead.models import Delivery, Episode, Feed, Subscription
from playhead.podcasts.polling.entries import ABOUT
from playhead.podcasts.polling.times import soon
from playhead.podcasts.telling.following import UNDER_WAY
from playhead.podcasts.withdrawing import send_no_more

WISHES = ("keywords", "newest", "notify")


@dataclass(frozen=True)
class Kept:
    """A subscription and its feed; ``is_new`` says that it was just made."""

    subscription: Subscription
    feed: Feed
    is_new: bool = False


async def subscribe(session: AsyncSession, wanted: Subscription, feed: Feed) -> Kept:
    """Keep this wish about the feed at ``feed.url``, which is asked soon; or find the same one that is there.

    Raises:
        SubscribedError: the owner subscribes to it in another way.
    """
    known = await _known(session, feed)
    wanted.id, wanted.feed_id = new_id(), known.id
    row = {name: getattr(wanted, name) for name in ("id", "owner_id", "feed_id", *WISHES)}
    once = insert(Subscription).values(row).on_conflict_do_nothing(index_elements=["owner_id", "feed_id"])
    made = await session.scalar(once.returning(Subscription))
    if made is not None:
        return Kept(made, known, is_new=True)
    same = select(Subscription).filter_by(owner_id=wanted.owner_id, feed_id=known.id)
    found = (await session.scalars(same)).one()
    if any(getattr(found, name) != getattr(wanted, name) for name in WISHES):
        raise SubscribedError(f"you subscribe to this feed already: change {found.id} with PATCH", field="url")
    return Kept(found, known)


async def _known(session: AsyncSession, feed: Feed) -> Feed:
    """The row of the feed, locked, to be asked soon."""
    said = {name: getattr(feed, name) for name in ("url", *ABOUT)}
    row = insert(Feed).values(id=new_id(), next_poll_at=func.now(), **said)
    upsert = row.on_conflict_do_update(index_elements=["url"], set_={"next_poll_at": soon()}).returning(Feed)
    return (await session.scalars(upsert, execution_options={"populate_existing": True})).one()


async def find(session: AsyncSession, owner_id: UUID, subscription_id: UUID, *, to_change: bool = False) -> Kept:
    """This subscription, and its feed; locked where it is to be changed, the feed first, as polls do it.

    Raises:
        NotFoundError: the owner has none with this id.
    """
    mine = select(Subscription.feed_id).filter_by(id=subscription_id, owner_id=owner_id)
    feeds = select(Feed).where(Feed.id == mine.scalar_subquery())
    feed = await session.scalar(feeds.with_for_update() if to_change else feeds)
    same = select(Subscription).filter_by(id=subscription_id, owner_id=owner_id)
    found = await session.scalar(same.with_for_update() if to_change else same)
    if found is None or feed is None:
        raise NotFoundError(f"there is no subscription {subscription_id}")
    return Kept(found, feed)


def change(subscription: Subscription, changes: Mapping[str, Any]) -> None:
    """Give it these wishes, for episodes yet to come."""
    for name, value in changes.items():
        setattr(subscription, name, value)


async def unsubscribe(session: AsyncSession, kept: Kept) -> None:
    """End it. What is yet to be sent is not; what was sent stays known. A feed that nobody wants is asked no more."""
    pending = delete(Delivery).filter_by(subscription_id=kept.subscription.id, state="pending", issue_id=None)
    dropped = (await session.execute(pending.returning(Delivery.episode_id, Delivery.job_id))).all()
    await send_no_more(session, [(kept.subscription.owner_id, row.job_id) for row in dropped])
    await _want_no_more(session, [row.episode_id for row in dropped])
    await session.delete(kept.subscription)
    await session.flush()
    if not await session.scalar(select(Subscription.id).filter_by(feed_id=kept.feed.id).limit(1)):
        kept.feed.next_poll_at = None


async def _want_no_more(session: AsyncSession, episode_ids: Sequence[UUID]) -> None:
    others = select(Delivery.id).where(Delivery.episode_id == Episode.id, Delivery.state.in_(UNDER_WAY)).exists()
    mine = update(Episode).where(Episode.id.in_(episode_ids), Episode.state == "wanted", ~others)
    await session.execute(mine.values(state="known"))
