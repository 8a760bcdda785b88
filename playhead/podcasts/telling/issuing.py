"""Issuing: what is new since the last digest, for each owner at times of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.asking.refusals import refusal
from playhead.asking.requests import Requests
from playhead.models import Delivery, Digest, DigestIssue
from playhead.pages import fragment
from playhead.podcasts.telling.digests import begin, next_after
from playhead.podcasts.telling.episodes import Item, digest
from playhead.podcasts.telling.messages import is_sent, of_digest, terms
from playhead.podcasts.telling.news import News, hold, title, waiting

AT_ONCE = 20
"""Digests in one transaction: each has a text of some hundred kilobytes, and is a savepoint or two."""


async def issue_due(session: AsyncSession, requests: Requests, now: datetime) -> int:
    """Issue the digests whose period is over, some of them. Gives how many periods there were.

    The issue, what it tells of and the end of the next period are committed together: whatever dies, there is one for
    each period. Periods that passed while nobody looked are one. Where there is nothing to tell, nothing is issued.
    """
    await begin(session, requests.settings.podcasts, now)
    due = select(Digest).where(Digest.next_at <= now).order_by(Digest.next_at, Digest.owner_id).limit(AT_ONCE)
    found = (await session.scalars(due.with_for_update(skip_locked=True))).all()
    return sum([await _end_period(session, requests, one, now) for one in found])


async def _end_period(session: AsyncSession, requests: Requests, one: Digest, now: datetime) -> bool:
    """End it whatever comes of its digest: one that breaks is in nobody's way, and what it was to tell comes later.

    Gives whether it was ended: not while somebody holds what it is to tell, who is waited for until the next turn.
    """
    news = await waiting(session, one.owner_id)
    if not await hold(session, news):
        return False
    next_at = next_after(one, requests.settings.podcasts, now)
    try:
        async with session.begin_nested():
            await _issue(session, requests, one, news, now)
    except Exception as error:  # noqa: BLE001 - told apart there
        refusal(error, owner_id=str(one.owner_id))
    one.next_at = next_at
    return True


async def _issue(session: AsyncSession, requests: Requests, one: Digest, news: News, now: datetime) -> None:
    for delivery_id, error in news.broken.items():
        await _change(session, [delivery_id], {"state": "failed", "error": error, "ended_at": now})
    if not news.told:
        return
    due_at, items = one.next_at or now, list(news.told.values())
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
    await _change(session, list(news.told), moved)


async def _send(
    session: AsyncSession, requests: Requests, one: Digest, issue: DigestIssue, items: Sequence[Item]
) -> None:
    if not is_sent(one.notify):
        issue.state = "delivered"
        return
    asked = of_digest(issue, items, one.notify)
    asked |= terms(requests.settings.podcasts, requests.settings.podcasts.expires_seconds)
    asked["metadata"] = {"digest": str(issue.id)}
    try:
        async with session.begin_nested():
            [made] = await requests.submit(session, one.owner_id, [requests.understand(asked)])
        issue.job_id, issue.state = made.job_id, "pending"
    except Exception as error:  # noqa: BLE001 - told apart there
        issue.state, issue.error = "failed", refusal(error, issue_id=str(issue.id))


async def _change(session: AsyncSession, delivery_ids: Sequence[UUID], values: Mapping[str, Any]) -> None:
    mine = update(Delivery).where(Delivery.id.in_(delivery_ids)).values(**values)
    await session.execute(mine.execution_options(synchronize_session=False))
