"""What became of a poll, written down in one transaction."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.database import now
from playhead.errors import PlayheadError
from playhead.models import Episode, Feed, Subscription
from playhead.podcasts.matching import take
from playhead.podcasts.polling.entries import FeedDocument
from playhead.podcasts.polling.fetching import Known
from playhead.podcasts.polling.merging import settled_at
from playhead.podcasts.polling.storing import store
from playhead.podcasts.polling.times import after_failure, after_success
from playhead.settings import PodcastSettings


async def note_answer(
    session: AsyncSession, feed_id: UUID, known: Known, document: FeedDocument | None, settings: PodcastSettings
) -> None:
    """Keep what the feed told; let its subscriptions take what is new; say when to ask again.

    ``known`` is where it is now, and in what version; ``document`` is None where nothing is new.
    """
    asked, at = await _locked(session, feed_id), await now(session)
    if asked is None:
        return
    feed = await settled_at(session, asked, known.url, at, settings.expires_seconds)
    new = await store(session, feed, document) if document else []
    # The same version of one that was cut off may have more the next time.
    whole = known if document is None or document.is_whole else Known(known.url)
    feed.etag, feed.last_modified = whole.etag, whole.last_modified
    feed.polled_at, feed.failures, feed.error = at, 0, None
    is_wanted = await take(session, feed.id, new, at, settings.expires_seconds)
    wait = after_success(await _quiet_seconds(session, feed, at), settings)
    feed.next_poll_at = at + wait if is_wanted else None


async def note_failure(session: AsyncSession, feed_id: UUID, error: PlayheadError) -> None:
    """Keep why there was nothing to tell, and say when to try again."""
    feed, at = await _locked(session, feed_id), await now(session)
    if feed is None:
        return
    feed.polled_at, feed.failures = at, feed.failures + 1
    feed.error = {"code": error.code, "message": error.message}
    is_wanted = await session.scalar(select(Subscription.id).filter_by(feed_id=feed.id).limit(1))
    feed.next_poll_at = at + after_failure(feed.failures, error) if is_wanted else None


async def _locked(session: AsyncSession, feed_id: UUID) -> Feed | None:
    return await session.scalar(select(Feed).filter_by(id=feed_id).with_for_update())


async def _quiet_seconds(session: AsyncSession, feed: Feed, at: datetime) -> float:
    last = await session.scalar(select(func.max(Episode.created_at)).filter_by(feed_id=feed.id))
    return max(at - (last or feed.created_at), timedelta()).total_seconds()
