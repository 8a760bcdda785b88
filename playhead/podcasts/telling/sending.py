"""Sending: each subscriber is told of an episode that is ready, by a job of their own."""

from __future__ import annotations

import functools
from typing import Any

from sqlalchemy import Row, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.asking.refusals import refusal
from playhead.asking.requests import Requests
from playhead.models import Delivery, Digest, Episode, Feed, Subscription
from playhead.podcasts.telling.channels import BY_DIGEST, CHANNEL
from playhead.podcasts.telling.episodes import Item
from playhead.podcasts.telling.messages import of_episode, terms
from playhead.states import FIRST_BASE

AT_ONCE = 50
"""Deliveries in one transaction: each is a savepoint, and of more than 64 PostgreSQL loses sight."""


async def send_ready(session: AsyncSession, requests: Requests) -> int:
    """Submit the jobs that send word of episodes that are ready, some of them, validations first. Gives how many."""
    found = (await session.execute(_ready())).all()
    for row in found:
        await _send(session, requests, row)
    return len(found)


@functools.cache
def _ready() -> Select[Any]:
    """Deliveries that nothing sends yet and no digest is to bring, each with what it takes to send it."""
    left = func.extract("epoch", Delivery.expires_at - func.now())
    told = select(Delivery, Episode, Feed, CHANNEL.label("channel"), left.label("seconds_left"))
    told = told.join(Episode, Episode.id == Delivery.episode_id).join(Feed, Feed.id == Episode.feed_id)
    told = told.join(Subscription, Subscription.id == Delivery.subscription_id)
    told = told.outerjoin(Digest, Digest.owner_id == Delivery.owner_id)
    alone = or_(Delivery.validation, ~BY_DIGEST)
    due = told.where(Delivery.state == "pending", Delivery.job_id.is_(None), Episode.state == "ready", alone, left > 0)
    first = due.order_by(Delivery.validation.desc(), Delivery.id).limit(AT_ONCE)
    return first.with_for_update(skip_locked=True, of=Delivery)


async def _send(session: AsyncSession, requests: Requests, row: Row[Any]) -> None:
    delivery: Delivery = row.Delivery
    try:
        async with session.begin_nested():
            asked = of_episode(Item(row.Episode, row.Feed), row.channel)
            asked |= terms(requests.settings.podcasts, float(row.seconds_left))
            asked["metadata"] = {"delivery": str(delivery.id)}
            base = FIRST_BASE if delivery.validation else None
            [made] = await requests.submit(session, delivery.owner_id, [requests.understand(asked)], base=base)
            delivery.job_id = made.job_id
    except Exception as error:  # noqa: BLE001 - told apart there
        delivery.error = refusal(error, delivery_id=str(delivery.id))
        delivery.state, delivery.ended_at = "failed", func.now()
