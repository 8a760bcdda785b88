"""Digests as their owners have them: when they come, where to, and a secret address for those who read feeds."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.errors import InvalidError, NotFoundError
from playhead.models import Delivery, Digest, DigestIssue, Subscription
from playhead.paging import Page, newest
from playhead.podcasts.telling.channels import BY_DIGEST, BY_FEED
from playhead.schedules.cron import Cron
from playhead.settings import PodcastSettings

BEGUN_AT_ONCE = 100
log = structlog.get_logger(__name__)


async def ensure(session: AsyncSession, owner_id: UUID, settings: PodcastSettings, now: datetime) -> Digest:
    """The digest of this owner, held to be changed: as the settings have it where there was none."""
    cron = Cron(settings.digest_cron)
    values = {
        "owner_id": owner_id,
        "cron": cron.expression,
        "timezone": cron.timezone,
        "notify": dict(BY_FEED),
        "token": _token(),
        "next_at": cron.next_after(now),
    }
    await session.execute(insert(Digest).values(**values).on_conflict_do_nothing())
    return (await session.scalars(select(Digest).where(Digest.owner_id == owner_id).with_for_update())).one()


async def begin(session: AsyncSession, settings: PodcastSettings, now: datetime) -> None:
    """Have a digest for owners who have something to hear by it, and none yet."""
    by_digest = BY_DIGEST & (Subscription.id == Delivery.subscription_id)
    has_one = exists().where(Digest.owner_id == Delivery.owner_id)
    waiting = select(Delivery.owner_id).where(Delivery.state == "pending", Delivery.job_id.is_(None), ~has_one)
    # In their order, so that workers that do it at once wait for each other instead of for ever.
    first = waiting.join(Subscription, by_digest).distinct().order_by(Delivery.owner_id).limit(BEGUN_AT_ONCE)
    for owner_id in await session.scalars(first):
        await ensure(session, owner_id, settings, now)


def change(digest: Digest, changes: Mapping[str, Any], now: datetime) -> None:
    """Give it these of ``cron``, ``timezone``, ``notify`` and ``paused``; when the next comes follows from them.

    Raises:
        InvalidError: its times cannot be.
    """
    paused = changes.get("paused", digest.next_at is None)
    for name in changes.keys() - {"paused"}:
        setattr(digest, name, changes[name])
    next_at = Cron(digest.cron, digest.timezone).next_after(now)
    if paused:
        digest.next_at = None
    elif digest.next_at is None or changes.keys() & {"cron", "timezone"}:
        digest.next_at = next_at


def next_after(digest: Digest, settings: PodcastSettings, now: datetime) -> datetime:
    """When it comes next. It comes as the settings say from now on, where an update took its time zone away."""
    try:
        return Cron(digest.cron, digest.timezone).next_after(now)
    except InvalidError as error:
        log.warning("digest_times_gone", owner_id=str(digest.owner_id), error=error.message)
    default = Cron(settings.digest_cron)
    digest.cron, digest.timezone = default.expression, default.timezone
    return default.next_after(now)


def renew(digest: Digest) -> None:
    """Give its feed another address: whoever knew the one before sees nothing any more."""
    digest.token = _token()


async def issues(session: AsyncSession, owner_id: UUID, *, limit: int, before: UUID | None = None) -> Page[DigestIssue]:
    """Digests that there were, the newest first."""
    mine = select(DigestIssue).where(DigestIssue.owner_id == owner_id)
    return await newest(session, mine, limit=limit, before=before)


async def find_issue(session: AsyncSession, owner_id: UUID, issue_id: UUID) -> DigestIssue:
    """One of them.

    Raises:
        NotFoundError: the owner has no such digest.
    """
    mine = select(DigestIssue).where(DigestIssue.id == issue_id, DigestIssue.owner_id == owner_id)
    if found := await session.scalar(mine):
        return found
    raise NotFoundError(f"there is no digest {issue_id}")


async def of_token(session: AsyncSession, token: str) -> Digest:
    """The digest whose feed is at this secret address.

    Raises:
        NotFoundError: there is none, or not any more.
    """
    if found := await session.scalar(select(Digest).where(Digest.token == token)):
        return found
    raise NotFoundError("there is no such feed: its address may have been renewed")


def _token() -> str:
    return secrets.token_urlsafe(32)
