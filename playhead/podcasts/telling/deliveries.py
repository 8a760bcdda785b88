"""Deliveries as their owners see them, and tried again by hand."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.errors import NotFoundError, StateConflictError
from playhead.ledger import operate
from playhead.models import Delivery, Episode, Job
from playhead.paging import Page, newest
from playhead.podcasts.telling.channels import channel_of
from playhead.podcasts.telling.messages import goes_to
from playhead.settings import PodcastSettings

RETRYABLE = ("failed", "expired")


async def page(
    session: AsyncSession, owner_id: UUID, *, state: str | None, limit: int, before: UUID | None
) -> Page[Delivery]:
    """Some of the owner's, the newest first."""
    mine = select(Delivery).where(Delivery.owner_id == owner_id)
    wanted = mine if state is None else mine.where(Delivery.state == state)
    return await newest(session, wanted, limit=limit, before=before)


async def find(session: AsyncSession, owner_id: UUID, delivery_id: UUID, *, to_change: bool = False) -> Delivery:
    """One of the owner's, held where it is to be changed.

    Raises:
        NotFoundError: the owner has no such delivery.
    """
    mine = select(Delivery).where(Delivery.id == delivery_id, Delivery.owner_id == owner_id)
    if found := await session.scalar(mine.with_for_update() if to_change else mine):
        return found
    raise NotFoundError(f"there is no delivery {delivery_id}")


async def retry(session: AsyncSession, delivery: Delivery, settings: PodcastSettings) -> None:
    """Try it again: by the job that sent it, if that goes where it is to go; else from the start. It is held.

    Raises:
        StateConflictError: it has not failed, or nothing is left to try it with.
    """
    if delivery.state not in RETRYABLE:
        raise StateConflictError(f"it is {delivery.state}: only one that failed or expired can be tried again")
    if delivery.job_id is not None and await _goes_there_still(session, delivery):
        await operate.retry(session, delivery.owner_id, delivery.job_id)
    else:
        await _begin_anew(session, delivery, settings)
    delivery.state, delivery.error, delivery.ended_at = "pending", None, None


async def _goes_there_still(session: AsyncSession, delivery: Delivery) -> bool:
    """What a mail server has taken is not sent again by the same job; but that knows only the address of its time."""
    params = await session.scalar(select(Job.params).where(Job.id == delivery.job_id))
    channel = await session.scalar(channel_of(delivery.subscription_id))
    return params is None or channel is None or goes_to(params, channel)


async def _begin_anew(session: AsyncSession, delivery: Delivery, settings: PodcastSettings) -> None:
    """A part of a digest that came to nothing goes into the next one."""
    if delivery.subscription_id is None:
        raise StateConflictError("its subscription is gone: subscribe again for what is new")
    delivery.issue_id = delivery.job_id = None
    delivery.expires_at = func.now() + timedelta(seconds=settings.expires_seconds)
    episode = (await session.scalars(select(Episode).where(Episode.id == delivery.episode_id).with_for_update())).one()
    if episode.state == "failed":
        episode.state, episode.error = "wanted", None
