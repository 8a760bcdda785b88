"""A feed that has moved for good; maybe to where another is that people subscribe to: then the two are one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.models import Episode, Feed, Subscription
from playhead.podcasts.matching import take
from playhead.podcasts.withdrawing import send_no_more

_FURTHER = ("known", "failed", "wanted", "making", "ready")

_SAME = text(
    """
    SELECT theirs.episode_id AS gone, ours.episode_id AS kept
    FROM episode_identities AS theirs JOIN episode_identities AS ours USING (identity)
    WHERE theirs.feed_id = :gone AND ours.feed_id = :kept
      AND theirs.episode_id IS NOT NULL AND ours.episode_id IS NOT NULL
    ORDER BY theirs.episode_id, ours.episode_id
    """
)
_ONE_EPISODE = (
    # Whoever was told of the one is not told of the other.
    """
    DELETE FROM deliveries USING unnest(:gone, :kept) AS pair(gone, kept)
        JOIN deliveries AS told ON told.episode_id = pair.gone
    WHERE deliveries.episode_id = pair.kept AND deliveries.owner_id = told.owner_id AND deliveries.state = 'pending'
      AND told.state <> 'pending' AND NOT deliveries.validation AND NOT told.validation
    RETURNING deliveries.owner_id, CASE WHEN deliveries.issue_id IS NULL THEN deliveries.job_id END
    """,
    """
    UPDATE deliveries SET episode_id = pair.kept FROM unnest(:gone, :kept) AS pair(gone, kept)
    WHERE episode_id = pair.gone AND (validation OR NOT EXISTS (SELECT FROM deliveries AS told
        WHERE told.episode_id = pair.kept AND told.owner_id = deliveries.owner_id AND NOT told.validation))
    """,
    """
    UPDATE episode_identities SET episode_id = pair.kept FROM unnest(:gone, :kept) AS pair(gone, kept)
    WHERE episode_id = pair.gone
    """,
    """
    DELETE FROM deliveries WHERE episode_id = ANY(:gone)
    RETURNING owner_id, CASE WHEN issue_id IS NULL THEN job_id END
    """,
    "DELETE FROM episodes WHERE id = ANY(:gone)",
    # What somebody wanted of the row that is gone.
    """
    UPDATE episodes SET state = 'wanted' WHERE id = ANY(:kept) AND state = 'known' AND EXISTS (
        SELECT FROM deliveries WHERE episode_id = episodes.id AND deliveries.state IN ('pending', 'processing'))
    """,
)
_ONE_FEED = (
    "UPDATE episodes SET feed_id = :kept WHERE feed_id = :gone",
    """
    INSERT INTO episode_identities (feed_id, identity, episode_id)
    SELECT :kept, identity, episode_id FROM episode_identities WHERE feed_id = :gone ON CONFLICT DO NOTHING
    """,
    """
    UPDATE deliveries SET subscription_id = ours.id FROM subscriptions AS theirs JOIN subscriptions AS ours
        ON ours.owner_id = theirs.owner_id
    WHERE theirs.feed_id = :gone AND ours.feed_id = :kept AND deliveries.subscription_id = theirs.id
    """,
    """
    UPDATE subscriptions SET feed_id = :kept WHERE feed_id = :gone AND NOT EXISTS (SELECT FROM subscriptions AS ours
        WHERE ours.feed_id = :kept AND ours.owner_id = subscriptions.owner_id)
    """,
    "DELETE FROM feeds WHERE id = :gone",
)


async def settled_at(session: AsyncSession, feed: Feed, url: str, now: datetime, expires_seconds: float) -> Feed:
    """The feed that is at ``url``, where this one is from now on; both are locked. This one may be gone."""
    if url == feed.url:
        return feed
    other = await session.scalar(select(Feed).filter_by(url=url).with_for_update())
    if other is not None:
        await _merge(session, feed, other, now, expires_seconds)
        return other
    try:
        async with session.begin_nested():
            feed.url = url
    except IntegrityError:  # Somebody subscribed to it there meanwhile.
        await session.refresh(feed)
        return await settled_at(session, feed, url, now, expires_seconds)
    return feed


async def _merge(session: AsyncSession, gone: Feed, kept: Feed, now: datetime, expires_seconds: float) -> None:
    """Make the two one: no episode twice, nobody told twice, and nobody left out of what the other already had."""
    same = await _same(session, gone, kept)
    unseen = {
        gone.id: await _unseen(session, kept, gone, same),
        kept.id: await _unseen(session, gone, kept, same),
    }
    subscribers = {feed_id: await _subscriptions(session, feed_id) for feed_id in unseen}
    ids = [bindparam(name, list(one), ARRAY(PG_UUID)) for name, one in (("gone", same.keys()), ("kept", same.values()))]
    dropped: list[tuple[UUID, UUID | None]] = []
    for statement in _ONE_EPISODE:
        named = [one for one in ids if f":{one.key}" in statement]
        done = await session.execute(text(statement).bindparams(*named))
        dropped += [(row[0], row[1]) for row in done] if "RETURNING" in statement else []
    await send_no_more(session, dropped)
    for statement in _ONE_FEED:
        await session.execute(text(statement), {"gone": gone.id, "kept": kept.id})
    session.expunge(gone)
    for feed_id, episode_ids in unseen.items():
        await take(session, kept.id, episode_ids, now, expires_seconds, only=subscribers[feed_id])


async def _same(session: AsyncSession, gone: Feed, kept: Feed) -> Mapping[UUID, UUID]:
    """Of each two rows of one episode the one that goes, and the one that more was made of and that stays."""
    rows = (await session.execute(_SAME, {"gone": gone.id, "kept": kept.id})).all()
    pairs: dict[UUID, UUID] = {}
    taken: set[UUID] = set()
    for row in rows:
        if row.gone not in pairs and row.kept not in taken:
            pairs[row.gone] = row.kept
            taken.add(row.kept)
    states = select(Episode.id, Episode.state).where(Episode.feed_id.in_([gone.id, kept.id]))
    further = {row.id: _FURTHER.index(row.state) for row in await session.execute(states)}
    return dict((one, other) if further[one] <= further[other] else (other, one) for one, other in pairs.items())


async def _unseen(session: AsyncSession, feed: Feed, other: Feed, same: Mapping[UUID, UUID]) -> list[UUID]:
    """Episodes that came to this feed while both were there, and that the other does not have.

    Not those that this one had from the beginning: nobody who subscribes is told of all that there ever was.
    """
    its = select(Episode.id).where(Episode.feed_id == feed.id, Episode.created_at >= other.created_at)
    first = select(func.min(Episode.created_at)).where(Episode.feed_id == feed.id).scalar_subquery()
    shared = {*same.keys(), *same.values()}
    found = await session.scalars(its.where(Episode.created_at > first).order_by(Episode.id))
    return [one for one in found if one not in shared]


async def _subscriptions(session: AsyncSession, feed_id: UUID) -> list[UUID]:
    return list(await session.scalars(select(Subscription.id).filter_by(feed_id=feed_id)))
