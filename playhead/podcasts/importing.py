"""Lists of feeds, subscribed to all at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.asking.text import storable
from playhead.errors import InvalidError, PlayheadError
from playhead.models import Feed, Subscription
from playhead.podcasts.keeping import Kept, subscribe
from playhead.podcasts.opml import Outline
from playhead.podcasts.urls import feed_url
from playhead.settings import FetchSettings


@dataclass(frozen=True)
class Imported:
    """What became of a feed of a list: it is there now, or was refused."""

    outline: Outline
    kept: Kept | None = None
    error: PlayheadError | None = None


async def subscribe_to_all(
    session: AsyncSession, owner_id: UUID, outlines: Sequence[Outline], settings: FetchSettings
) -> list[Imported]:
    """Subscribe to each, to be told in the digest; one that the owner subscribes to already stays as it is.

    None is asked now: whether it is a feed is seen when it is polled.
    """
    judged = [_judged(outline, settings) for outline in outlines]
    kept = await _kept(session, owner_id, {one.outline.url: one.outline for one in judged if one.error is None})
    told = []
    for one in judged:
        if one.error is None:
            found = kept[one.outline.url]
            told.append(replace(one, kept=found))
            kept[one.outline.url] = replace(found, is_new=False)  # The list may have it again.
        else:
            told.append(one)
    return told


def _judged(outline: Outline, settings: FetchSettings) -> Imported:
    try:
        url = feed_url(storable(outline.url), settings)
    except ValueError as error:
        return Imported(outline, error=InvalidError(str(error), field="url"))
    except PlayheadError as error:
        return Imported(outline, error=error)
    return Imported(replace(outline, url=url))


async def _kept(session: AsyncSession, owner_id: UUID, wanted: Mapping[str, Outline]) -> dict[str, Kept]:
    mine = select(Subscription, Feed).join(Feed, Feed.id == Subscription.feed_id).filter_by(owner_id=owner_id)
    rows = await session.execute(mine.where(Feed.url.in_(wanted)))
    kept = {row.Feed.url: Kept(row.Subscription, row.Feed) for row in rows}
    # In the order of their addresses, so that two lists at once wait for each other instead of for ever.
    for url in sorted(wanted.keys() - kept.keys()):
        wish = Subscription(owner_id=owner_id, keywords=[], newest=None, notify={"digest": True})
        kept[url] = await subscribe(session, wish, Feed(url=url, title=wanted[url].title))
    return kept
