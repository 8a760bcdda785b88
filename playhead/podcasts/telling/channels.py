"""Where somebody is told: as their subscription says, or as the digest that it names."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB

from playhead.models import Digest, Subscription

BY_FEED: Mapping[str, bool] = MappingProxyType({"feed": True})
"""How a digest comes until its owner says where it is to go."""
BY_DIGEST: ColumnElement[bool] = Subscription.notify.has_key("digest")
"""Whether a subscription's episodes are told of in a digest."""
CHANNEL: ColumnElement[Any] = case(
    (BY_DIGEST, func.coalesce(Digest.notify, literal(dict(BY_FEED), JSONB))), else_=Subscription.notify
)
"""As :data:`playhead.podcasts.telling.messages.Channel`; of a subscription, and of its owner's digest, if any."""


def channel_of(subscription_id: UUID | None) -> Select[Any]:
    """That of one subscription."""
    mine = select(CHANNEL).select_from(Subscription).outerjoin(Digest, Digest.owner_id == Subscription.owner_id)
    return mine.where(Subscription.id == subscription_id)
