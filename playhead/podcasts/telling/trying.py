"""Trying a subscription out: its feed's newest episode, ahead of all else."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.database import now
from playhead.errors import NoEpisodeError, StateConflictError
from playhead.ledger.hasten import hasten
from playhead.models import Delivery, Episode, Subscription
from playhead.podcasts.matching import newest_first, want
from playhead.podcasts.telling.channels import channel_of
from playhead.podcasts.telling.following import UNDER_WAY
from playhead.podcasts.telling.messages import NOWHERE, is_sent
from playhead.states import FIRST_BASE


async def validate(session: AsyncSession, subscription: Subscription, expires_seconds: float) -> Delivery:
    """Try it out with the newest episode, ahead of all others; or find the try that is under way. It is locked.

    Raises:
        NoEpisodeError: there is none yet.
        StateConflictError: nothing would be sent anywhere.
    """
    tries = select(Delivery).filter_by(subscription_id=subscription.id, validation=True)
    if known := await session.scalar(tries.where(Delivery.state.in_(UNDER_WAY)).limit(1)):
        return known
    if not is_sent(await session.scalar(channel_of(subscription.id)) or {}):
        raise StateConflictError(NOWHERE)
    newest = (await session.execute(newest_first(subscription.feed_id).limit(1))).first()
    if newest is None:
        raise NoEpisodeError("the feed has no episode yet: try again when it has")
    made = Delivery(owner_id=subscription.owner_id, subscription_id=subscription.id, episode_id=newest.id)
    made.validation, made.expires_at = True, await now(session) + timedelta(seconds=expires_seconds)
    session.add(made)
    await session.flush()
    await session.refresh(made)
    await _hurry(session, newest.id)
    return made


async def _hurry(session: AsyncSession, episode_id: UUID) -> None:
    """Let it be worked on; the work that is under way goes ahead."""
    await want(session, [episode_id])
    making = select(Episode.batch_id).where(Episode.id == episode_id, Episode.state == "making")
    if batch_id := await session.scalar(making):
        await hasten(session, batch_id, FIRST_BASE)
