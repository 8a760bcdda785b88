from __future__ import annotations

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, Field

from api.schemas.channels import ByFeed, NotifyDigest
from api.schemas.delivery import DeliveryState
from api.schemas.listing import NextCursor
from api.schemas.reason import Reason
from api.schemas.schedule import CRON, ZONE, Expression, Zone
from playhead.asking.inputs import Strict
from playhead.models import Digest, DigestIssue


class DigestChange(Strict):
    """What is to be different from now on; the rest stays."""

    cron: Expression = Field("", description=CRON, examples=["0 7 * * MON-FRI"])
    timezone: Zone = Field("", description=ZONE)
    notify: NotifyDigest = Field(ByFeed(feed=True), description="Where it goes.")
    paused: bool = Field(default=False, description="Gather what is new, but send nothing before it is resumed.")


class DigestInfo(BaseModel):
    """How your digest comes."""

    cron: str
    timezone: str
    notify: dict[str, Any] = Field(description="Where it goes: `mail`, `webhook`, or `feed` alone.")
    next_at: datetime | None = Field(description="When the next is due; null while it is paused.")
    feed_url: str = Field(description="Its own feed. Whoever knows the address may read it: keep it to yourself.")

    @classmethod
    def of(cls, digest: Digest, feed_url: str) -> Self:
        """The answer that shows this digest."""
        return cls(
            **{name: getattr(digest, name) for name in cls.model_fields if name != "feed_url"}, feed_url=feed_url
        )


class DigestPreview(BaseModel):
    """What the next digest would tell, if it came now."""

    due_at: datetime | None = Field(description="When it is due; null while it is paused.")
    title: str
    episodes: list[dict[str, Any]] = Field(description="As webhooks get them; none: nothing would be sent.")
    markdown: str = Field(description="As mail has it.")


class IssueInfo(BaseModel):
    """A digest that came, or is on its way."""

    id: UUID
    due_at: datetime
    title: str
    state: DeliveryState
    job_id: UUID | None = Field(description="The job that sends it; null where none does.")
    error: Reason | None
    ended_at: datetime | None

    @classmethod
    def of(cls, issue: DigestIssue) -> Self:
        """The answer that shows this digest."""
        told = {name: getattr(issue, name) for name in cls.model_fields if name != "error"}
        return cls(**told, error=Reason.of(issue.error))


class IssueText(IssueInfo):
    """A digest, and what it told."""

    markdown: str
    html: str = Field(description="The same, without a page around it.")


class IssuePage(BaseModel):
    """Some digests, the newest first."""

    items: list[IssueInfo]
    next_cursor: NextCursor
