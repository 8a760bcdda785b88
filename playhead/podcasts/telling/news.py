"""News: what an owner's next digest tells of."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ValidationError
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.asking.refusals import refusal
from playhead.models import Delivery, Episode, Feed, Subscription
from playhead.podcasts.telling.channels import BY_DIGEST
from playhead.podcasts.telling.episodes import Item, record

MOST_EPISODES = 300
"""In one digest; what is more waits for the next."""
FULL_BYTES = 96 * 1024
"""Of episodes with their summaries, all together; others are only named."""
MOST_BYTES = 200 * 1024
"""Of a digest: a longer letter would be attached to one, and a much longer text be no input of a job."""


@dataclass(frozen=True)
class News:
    """Deliveries by their ids: those that are told of with their episodes, the others with what is wrong with them."""

    told: Mapping[UUID, Item]
    broken: Mapping[UUID, dict[str, Any]]


async def waiting(session: AsyncSession, owner_id: UUID) -> News:
    """What the next digest of this owner tells of, the oldest first."""
    told: dict[UUID, Item] = {}
    broken: dict[UUID, dict[str, Any]] = {}
    for delivery_id, episode, feed in await session.execute(_ready(owner_id)):
        item = Item(episode, feed)
        try:
            _ = item.summary
        except ValidationError as error:  # Made by another version.
            broken[delivery_id] = refusal(error, delivery_id=str(delivery_id))
        else:
            told[delivery_id] = item
    return News(dict(_fitting(told)), broken)


async def hold(session: AsyncSession, news: News) -> bool:
    """Lock all of them, as they were found; none waits for anybody who has one. Gives whether that was possible."""
    wanted = [*news.told, *news.broken]
    still = select(Delivery.id).where(Delivery.id.in_(wanted), Delivery.state == "pending", Delivery.job_id.is_(None))
    return len((await session.scalars(still.with_for_update(skip_locked=True))).all()) == len(wanted)


def title(due_at: datetime, timezone: str) -> str:
    """What a digest is called that is due then."""
    return f"Podcast digest, {due_at.astimezone(_zone(timezone)):%-d %B %Y}"


def _ready(owner_id: UUID) -> Select[UUID, Episode, Feed]:
    mine = select(Delivery.id, Episode, Feed).join(Episode, Episode.id == Delivery.episode_id)
    mine = mine.join(Feed, Feed.id == Episode.feed_id).join(Subscription, Subscription.id == Delivery.subscription_id)
    mine = mine.where(Delivery.owner_id == owner_id, Delivery.state == "pending", Delivery.job_id.is_(None))
    ready = mine.where(~Delivery.validation, Episode.state == "ready", BY_DIGEST)
    return ready.order_by(Delivery.id).limit(MOST_EPISODES)


def _fitting(told: Mapping[UUID, Item]) -> Iterator[tuple[UUID, Item]]:
    """As many as there is room for; those for whose summaries there is none are told of in brief."""
    full_bytes = all_bytes = 0
    for delivery_id, item in told.items():
        if full_bytes + (size_bytes := size_of(item)) <= FULL_BYTES:
            full_bytes += size_bytes
        else:
            item = replace(item, is_brief=True)  # noqa: PLW2901 - the same, shorter
            size_bytes = size_of(item)
        all_bytes += size_bytes
        if all_bytes > MOST_BYTES:
            return
        yield delivery_id, item


def size_of(item: Item) -> int:
    """How much room it takes, in bytes: about as much in a letter as in JSON."""
    return len(json.dumps(record(item), ensure_ascii=False).encode())


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):  # An update took it away; the digest does without from the next on.
        return UTC
