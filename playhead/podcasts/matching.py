"""Which of a feed's episodes a subscription takes."""

from __future__ import annotations

import asyncio
import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Row, Select, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.identity import new_id
from playhead.ledger.locks import among
from playhead.models import Delivery, Episode, Subscription
from playhead.subtitles.text import is_unspaced

BEGINNING = 1
"""Episodes, of those that are there already, that a new subscription takes if it does not say how many."""
MOST_AT_ONCE = 50
"""Episodes that any takes at once: a feed may number all of its thousand anew."""
LOOKED_AT = 500
"""Episodes, the newest, in which the keywords of a new subscription are looked for."""

Found = Row[UUID, str | None, str | None]


async def take(
    session: AsyncSession,
    feed_id: UUID,
    new: Sequence[UUID],
    now: datetime,
    expires_seconds: float,
    *,
    only: Collection[UUID] | None = None,
) -> bool:
    """Let the subscriptions of a feed that was just read take theirs. Gives whether it has any.

    ``new`` are episodes that they do not know of; one that has taken none yet chooses among all that are there. ``now``
    is the time of this transaction, in which the feed is locked. ``only`` some subscriptions, or all.
    """
    mine = select(Subscription).filter_by(feed_id=feed_id).order_by(Subscription.id)
    wishes = (await session.scalars(mine if only is None else mine.where(Subscription.id.in_(only)))).all()
    for wish in wishes:
        chosen = await _chosen(session, wish, new)
        await _deliver(session, wish, chosen, now + timedelta(seconds=expires_seconds))
        wish.started_at = wish.started_at or now
    return bool(wishes)


async def _chosen(session: AsyncSession, wish: Subscription, new: Sequence[UUID]) -> list[UUID]:
    offered, most = newest_first(wish.feed_id), wish.newest or MOST_AT_ONCE
    if wish.started_at is None:
        most = wish.newest or BEGINNING
    elif new:
        offered = offered.where(among(Episode.id, new))
    else:
        return []
    rows = (await session.execute(offered.limit(LOOKED_AT if wish.keywords else most))).all()
    if wish.keywords:  # In megabytes of descriptions that may take a while.
        rows = await asyncio.to_thread(_matching, wish.keywords, rows)
    return [row.id for row in rows[:most]]


def newest_first(feed_id: UUID) -> Select[UUID, str | None, str | None]:
    """A feed's episodes. One that is dated in the future is as new as one of now."""
    told = select(Episode.id, Episode.title, Episode.description).where(Episode.feed_id == feed_id)
    dated = func.least(Episode.published_at, func.now())
    # LEAST leaves out what is unknown.
    return told.order_by(Episode.published_at.is_(None), dated.desc(), Episode.id.desc())


async def _deliver(session: AsyncSession, wish: Subscription, chosen: Sequence[UUID], expires_at: datetime) -> None:
    if not chosen:
        return
    # The oldest first, so that they are worked on and told of in that order.
    about = {"owner_id": wish.owner_id, "subscription_id": wish.id, "expires_at": expires_at}
    rows = [{"id": new_id(), "episode_id": one, **about} for one in reversed(chosen)]
    once = (
        insert(Delivery)
        .values(rows)
        .on_conflict_do_nothing(index_elements=["owner_id", "episode_id"], index_where=text("NOT validation"))
    )
    await want(session, (await session.scalars(once.returning(Delivery.episode_id))).all())


async def want(session: AsyncSession, episode_ids: Sequence[UUID]) -> None:
    """Let these be worked on, if nobody wanted them before."""
    mine = Episode.id.in_(episode_ids)
    await session.execute(update(Episode).where(mine, Episode.state == "known").values(state="wanted"))


def _matching(keywords: Iterable[str], rows: Sequence[Found]) -> list[Found]:
    """Those that have one of them: as words, whatever their case."""
    wanted = re.compile("|".join(_pattern(keyword) for keyword in keywords))
    return [row for row in rows if wanted.search(_folded(f"{row.title or ''}\n{row.description or ''}"))]


def _pattern(keyword: str) -> str:
    words = _folded(keyword).split()
    begin, end = ("" if is_unspaced(edge) or not edge.isalnum() else limit for edge, limit in _edges(words))
    return begin + r"\s+".join(map(re.escape, words)) + end


def _edges(words: Sequence[str]) -> Iterable[tuple[str, str]]:
    """The first and the last character, and what is not to stand beside them."""
    return (words[0][0], r"(?<!\w)"), (words[-1][-1], r"(?!\w)")


def _folded(words: str) -> str:
    return unicodedata.normalize("NFKC", words).casefold()
