from __future__ import annotations

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field
from pydantic.json_schema import SkipJsonSchema

from api.schemas.listing import NextCursor, PageQuery
from api.schemas.reason import Reason
from playhead.models import Delivery

DeliveryState = Literal["pending", "processing", "delivered", "failed", "expired"]


class DeliveryInfo(BaseModel):
    """That you are to be told of an episode."""

    id: UUID
    subscription_id: UUID | None = Field(description="Null once you have unsubscribed.")
    episode_id: UUID
    validation: bool = Field(description="Whether it is a try, which goes first.")
    state: DeliveryState
    job_id: UUID | None = Field(description="The job that sends it; null while none does.")
    issue_id: UUID | None = Field(description="The digest that it is part of.")
    error: Reason | None
    created_at: datetime
    expires_at: datetime = Field(description="Not sent by then it expires; one that a digest brings waits for that.")
    ended_at: datetime | None

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        """The answer that shows this delivery."""
        told = {name: getattr(delivery, name) for name in cls.model_fields if name != "error"}
        return cls(**told, error=Reason.of(delivery.error))


class DeliveryQuery(PageQuery):
    """Which deliveries a list holds."""

    state: DeliveryState | SkipJsonSchema[None] = Field(None, description="Only those in this state.")


class DeliveryPage(BaseModel):
    """Some deliveries, the newest first."""

    items: list[DeliveryInfo]
    next_cursor: NextCursor
