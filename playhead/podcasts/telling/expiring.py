"""Expiring: deliveries that come to nothing end, and say why."""

from __future__ import annotations

import functools

from sqlalchemy import ColumnElement, exists, func, literal, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.models import Delivery, Digest, Episode, Subscription
from playhead.podcasts.telling.channels import BY_DIGEST

AT_ONCE = 500
_LATE = {"code": "expired", "message": "not sent within its time", "field": None}


async def expire_late(session: AsyncSession) -> int:
    """End deliveries whose time was over before anything sent them, some of them. Gives how many.

    Once its episode is ready, one that a digest is to bring has time until the digest comes, unless that is paused.
    """
    late = Delivery.expires_at < func.now()
    return await _end(session, late & ~_comes_by_digest(), "expired", literal(_LATE, JSONB))


async def fail_hopeless(session: AsyncSession) -> int:
    """End deliveries of episodes that have failed, some of them. Gives how many."""
    reason = select(Episode.error).where(Episode.id == Delivery.episode_id).scalar_subquery()
    failed = exists().where(Episode.id == Delivery.episode_id, Episode.state == "failed")
    return await _end(session, failed, "failed", reason)


@functools.cache
def _comes_by_digest() -> ColumnElement[bool]:
    by_digest = BY_DIGEST & (Subscription.id == Delivery.subscription_id)
    running = (Digest.owner_id == Delivery.owner_id) & Digest.next_at.is_not(None)
    ready = (Episode.id == Delivery.episode_id) & (Episode.state == "ready")
    return ~Delivery.validation & exists().where(by_digest, running, ready)


async def _end(session: AsyncSession, which: ColumnElement[bool], state: str, error: ColumnElement[object]) -> int:
    unsent = select(Delivery.id).where(Delivery.state == "pending", Delivery.job_id.is_(None), which)
    found = (await session.scalars(unsent.limit(AT_ONCE).with_for_update(skip_locked=True))).all()
    if not found:  # As nearly each second: not asked, and not built.
        return 0
    ended = update(Delivery).where(Delivery.id.in_(found)).values(state=state, error=error, ended_at=func.now())
    await session.execute(ended.execution_options(synchronize_session=False))
    return len(found)
