"""Issuing: what is new since the last digest, for each owner at times of their own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.asking.refusals import refusal
from playhead.asking.requests import Requests
from playhead.errors import InvalidError
from playhead.models import Delivery, Digest, DigestIssue, Episode, Feed, Subscription
from playhead.pages import fragment
from playhead.podcasts.digests import begin
from playhead.podcasts.messages import is_sent, of_digest, terms
from playhead.podcasts.telling import Item, digest
from playhead.schedules.cron import Cron

AT_ONCE = 20
"""Digests in one transaction: each has a text of some hundred kilobytes."""
MOST_EPISODES = 50
"""In one digest; what is more waits for the next."""

log = structlog.get_logger(__name__)

Told = Sequence[tuple[UUID, Item]]
"""Deliveries, each with its episode."""


async def issue_due(session: AsyncSession, requests: Requests, now: datetime) -> int:
    """Issue the digests whose period is over, some of them. Gives how many periods there were.

    The issue, what it tells of and the end of the next period are committed together: whatever dies, there is one for
    each period. Periods that passed while nobody looked are one. Where there is nothing to tell, nothing is issued.
    """
    await begin(session, requests.settings.podcasts, now)
    due = select(Digest).where(Digest.next_at <= now).order_by(Digest.next_at, Digest.owner_id).limit(AT_ONCE)
    found = (await session.scalars(due.with_for_update(skip_locked=True))).all()
    for one in found:
        next_at = _next(one, now)
        if next_at and (told := await waiting(session, one.owner_id)):
            await _issue(session, requests, one, told, now)
        one.next_at = next_at
    return len(found)


def _next(digest: Digest, now: datetime) -> datetime | None:
    """When it comes again. One whose time zone is gone is paused: it must not keep all others from theirs."""
    try:
        return Cron(digest.cron, digest.timezone).next_after(now)
    except InvalidError as error:
        log.warning("digest_paused", owner_id=str(digest.owner_id), error=error.message)
        return None


async def waiting(session: AsyncSession, owner_id: UUID) -> Told:
    """What the next digest of this owner tells of: its deliveries and their episodes, the oldest first."""
    mine = select(Delivery.id, Episode, Feed).join(Episode, Episode.id == Delivery.episode_id)
    mine = mine.join(Feed, Feed.id == Episode.feed_id).join(Subscription, Subscription.id == Delivery.subscription_id)
    mine = mine.where(Delivery.owner_id == owner_id, Delivery.state == "pending", Delivery.job_id.is_(None))
    ready = mine.where(~Delivery.validation, Episode.state == "ready", Subscription.notify.has_key("digest"))
    rows = await session.execute(ready.order_by(Delivery.id).limit(MOST_EPISODES))
    return [(delivery_id, Item(episode, feed)) for delivery_id, episode, feed in rows]


def title(due_at: datetime, timezone: str) -> str:
    """What a digest is called that is due then."""
    return f"Podcast digest, {due_at.astimezone(ZoneInfo(timezone)):%-d %B %Y}"


async def _issue(session: AsyncSession, requests: Requests, one: Digest, told: Told, now: datetime) -> None:
    due_at, items = one.next_at or now, [item for _, item in told]
    called = title(due_at, one.timezone)
    text = digest(called, items)
    about = {"title": called, "markdown": text, "html": fragment(text)}
    issue = DigestIssue(owner_id=one.owner_id, due_at=due_at, **about)
    session.add(issue)
    await session.flush()
    await _send(session, requests, one, issue, items)
    if issue.job_id is None:
        issue.ended_at = now
    moved = {"issue_id": issue.id, **{name: getattr(issue, name) for name in ("state", "job_id", "error", "ended_at")}}
    mine = update(Delivery).where(Delivery.id.in_([delivery_id for delivery_id, _ in told])).values(**moved)
    await session.execute(mine.execution_options(synchronize_session=False))


async def _send(
    session: AsyncSession, requests: Requests, one: Digest, issue: DigestIssue, items: Sequence[Item]
) -> None:
    if not is_sent(one.notify):
        issue.state = "delivered"
        return
    asked = of_digest(issue.title, items, one.notify)
    asked |= terms(requests.settings.podcasts, requests.settings.podcasts.expires_seconds)
    asked["metadata"] = {"digest": str(issue.id)}
    try:
        async with session.begin_nested():
            [made] = await requests.submit(session, one.owner_id, [requests.understand(asked)])
        issue.job_id, issue.state = made.job_id, "pending"
    except Exception as error:  # noqa: BLE001 - told apart there
        issue.state, issue.error = "failed", refusal(error, issue_id=str(issue.id))
