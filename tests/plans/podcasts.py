"""What is asked about feeds, their episodes, and those who are told of them."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.database import now
from playhead.errors import FeedGoneError
from playhead.models import Feed, Subscription
from playhead.podcasts import importing, keeping, listing
from playhead.podcasts.opml import Outline
from playhead.podcasts.polling import outcome
from playhead.podcasts.polling.due import Polling
from playhead.podcasts.polling.entries import Entry, FeedDocument
from playhead.podcasts.polling.fetching import Known
from playhead.podcasts.telling import deliveries, digests, trying
from playhead.settings import FetchSettings, PodcastSettings, Settings
from tests.plans.crowd import OWNER, id_of
from tests.plans.explaining import Question
from tests.plans.undone import within

URL = "https://example.com"
EPISODE, WEBHOOK_SUBSCRIPTION, DELIVERY = 2000, 1, 4901
"""Of the first feed; of the owner who asks, as what follows."""


async def _feeds(session: AsyncSession) -> None:
    page = await listing.list_feeds(session, OWNER, limit=50, before=None)
    await listing.list_feeds(session, OWNER, limit=50, before=page.next_before)
    kept = await listing.list_subscriptions(session, OWNER, limit=50, before=None)
    await listing.list_subscriptions(session, OWNER, limit=50, before=kept.next_before)
    assert len(await listing.all_feeds(session, OWNER)) == 400
    await listing.is_known(session, f"{URL}/1")


async def _episodes(session: AsyncSession) -> None:
    feed = await listing.find_feed(session, OWNER, id_of("feed", 1), to_change=True)
    page = await listing.list_episodes(session, feed, limit=20, before=None)
    await listing.list_episodes(session, feed, limit=20, before=page.next_before)
    await listing.find_episode(session, OWNER, id_of("episode", EPISODE))


async def _subscribe(session: AsyncSession) -> None:
    wish = Subscription(owner_id=OWNER, keywords=[], newest=None, notify={"digest": True})
    kept = await keeping.subscribe(session, wish, Feed(url=f"{URL}/new"))
    await importing.subscribe_to_all(
        session, OWNER, [Outline(f"{URL}/{n}") for n in range(1, 2000, 9)], FetchSettings()
    )
    await keeping.unsubscribe(session, await keeping.find(session, OWNER, kept.subscription.id, to_change=True))


async def _unsubscribe(session: AsyncSession) -> None:
    mine = "UPDATE deliveries SET state = 'pending' WHERE subscription_id = :id"
    await session.execute(text(mine), {"id": id_of("subscription", WEBHOOK_SUBSCRIPTION)})
    await keeping.unsubscribe(session, await keeping.find(session, OWNER, id_of("subscription", 1), to_change=True))


async def _try_out(session: AsyncSession) -> None:
    kept = await keeping.find(session, OWNER, id_of("subscription", WEBHOOK_SUBSCRIPTION), to_change=True)
    await trying.validate(session, kept.subscription, 3600.0)


async def _take_due(session: AsyncSession) -> None:
    await session.execute(text("UPDATE feeds SET next_poll_at = now() WHERE id = :id"), {"id": id_of("feed", 1)})
    assert await Polling(within(session), Settings(admin_key=None)).take_due(8)


async def _note(session: AsyncSession) -> None:
    entries = [Entry(guid=str(n), enclosure_url=f"{URL}/{n}.mp3") for n in range(300)]
    document = FeedDocument("t", None, None, None, None, is_whole=True, entries=entries)
    for _ in range(2):  # The second time it is known.
        await outcome.note_answer(session, id_of("feed", 1), Known(f"{URL}/1"), document, PodcastSettings())
    await outcome.note_failure(session, id_of("feed", 2), FeedGoneError("it is gone"))


async def _move(session: AsyncSession) -> None:
    """To where another is that has episodes in common with it."""
    await outcome.note_answer(session, id_of("feed", 3), Known(f"{URL}/4"), None, PodcastSettings())


async def _digest(session: AsyncSession) -> None:
    made = await digests.ensure(session, OWNER, PodcastSettings(), await now(session))
    await digests.of_token(session, made.token)
    page = await digests.issues(session, OWNER, limit=50)
    await digests.issues(session, OWNER, limit=50, before=page.next_before)
    await digests.find_issue(session, OWNER, page.rows[0].id)


async def _retry(session: AsyncSession) -> None:
    found = await deliveries.find(session, OWNER, id_of("delivery", DELIVERY), to_change=True)
    found.state, found.job_id = "failed", None
    await deliveries.retry(session, found, PodcastSettings())


QUESTIONS: Mapping[str, Question] = {
    "feeds": _feeds,
    "episodes of a feed": _episodes,
    "subscribe": _subscribe,
    "unsubscribe": _unsubscribe,
    "try a subscription out": _try_out,
    "feeds that are due": _take_due,
    "what a feed answered": _note,
    "a feed that moved": _move,
    "digests": _digest,
    "list deliveries": lambda s: deliveries.page(s, OWNER, state=None, limit=50, before=None),
    "list failed deliveries": lambda s: deliveries.page(s, OWNER, state="failed", limit=50, before=None),
    "try a delivery again": _retry,
}
