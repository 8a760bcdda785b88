from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, model_validator

from api.schemas.channels import ByDigest, Notify
from api.schemas.listing import NextCursor
from api.schemas.reason import Reason
from playhead.asking.inputs import Strict
from playhead.asking.text import check_storable, storable
from playhead.models import Episode, Feed
from playhead.podcasts.keeping import Kept
from playhead.podcasts.matching import BEGINNING, MOST_AT_ONCE
from playhead.podcasts.opml import Outline
from playhead.podcasts.urls import MAX_URL

MAX_KEYWORDS = 50

_KEYWORDS = (
    "Only episodes that have one of these words in their title or description, whatever the case; none takes all."
)
_NEWEST = (
    f"Of episodes found at once, at most so many, the newest. Left out, it is {BEGINNING} of those that are there when "
    f"you subscribe, and then all, up to {MOST_AT_ONCE}."
)
_NOTIFY = "How you are told: by mail, by a webhook, or in your digest."


def _worded(value: str) -> str:
    if not any(character.isalnum() for character in storable(value)):
        message = "a keyword has letters or digits"
        raise ValueError(message)
    return value


Keyword = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100), AfterValidator(_worded)]
Keywords = Annotated[list[Keyword], Field(max_length=MAX_KEYWORDS)]
Newest = Annotated[int, Field(ge=1, le=MOST_AT_ONCE, strict=True)]


class _Storable(Strict):
    @model_validator(mode="before")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        check_storable(value)
        return value


class SubscriptionRequest(_Storable):
    """A feed, and what you want to be told of it."""

    url: str = Field(
        min_length=1,
        max_length=MAX_URL,
        description="Of an RSS or Atom feed.",
        examples=["https://example.com/feed.xml"],
        json_schema_extra={"format": "uri"},
    )
    keywords: Keywords = Field(default_factory=list, description=_KEYWORDS, examples=[["tides"]])
    newest: Newest | None = Field(None, description=_NEWEST)
    notify: Notify = Field(default_factory=lambda: ByDigest(digest=True), description=_NOTIFY)


class SubscriptionChange(_Storable):
    """What is to be different for episodes yet to come; the rest stays."""

    keywords: Keywords = Field(default_factory=list, description=_KEYWORDS)
    newest: Newest | None = Field(None, description=_NEWEST)
    notify: Notify = Field(default_factory=lambda: ByDigest(digest=True), description=_NOTIFY)


class FeedInfo(BaseModel):
    """A feed that you subscribe to, as it was when it was last read."""

    id: UUID
    url: str = Field(description="Where it is now: one that moves for good is followed.")
    title: str | None
    link: str | None
    description: str | None
    language: str | None
    image_url: str | None
    polled_at: datetime | None = Field(description="When it was last asked; null if that is yet to come.")
    next_poll_at: datetime | None = Field(description="When it is asked next.")
    failures: int = Field(description="How often in a row it could not be read.")
    error: Reason | None = Field(description="Why not, the last time; null if it was read.")
    created_at: datetime

    @classmethod
    def of(cls, feed: Feed) -> Self:
        """The answer that shows this feed."""
        told = {name: getattr(feed, name) for name in cls.model_fields if name != "error"}
        return cls(**told, error=Reason.of(feed.error))


class FeedPage(BaseModel):
    """Some feeds, the newest first."""

    items: list[FeedInfo]
    next_cursor: NextCursor


class SubscriptionInfo(BaseModel):
    """That you want to be told of a feed's new episodes."""

    id: UUID
    feed: FeedInfo
    keywords: list[str] = Field(description=_KEYWORDS)
    newest: int | None = Field(description=_NEWEST)
    notify: dict[str, Any] = Field(description=_NOTIFY)
    created_at: datetime

    @classmethod
    def of(cls, kept: Kept) -> Self:
        """The answer that shows this subscription."""
        told = {name: getattr(kept.subscription, name) for name in cls.model_fields if name != "feed"}
        return cls(**told, feed=FeedInfo.of(kept.feed))


class SubscriptionPage(BaseModel):
    """Some subscriptions, the newest first."""

    items: list[SubscriptionInfo]
    next_cursor: NextCursor


class EpisodeInfo(BaseModel):
    """An episode of a feed, and what was made of it: once, however many subscribe."""

    id: UUID
    feed_id: UUID
    title: str | None
    link: str | None
    description: str | None
    published_at: datetime | None
    enclosure_url: str | None = Field(description="The recording; null where the publisher has only a transcript.")
    media_type: str | None
    duration_seconds: float | None
    transcripts: list[dict[str, Any]] = Field(description="Those that the publisher offers.")
    state: str = Field(
        description="`known` until somebody is to be told of it, then `wanted`, `making`, and `ready` or `failed`.",
        examples=["ready"],
    )
    summary: dict[str, Any] | None
    transcript: str | None = Field(description="Path of the transcript; null while there is none.")
    error: Reason | None = Field(description="Why nothing could be made of it.")
    created_at: datetime = Field(description="When it was found.")

    @classmethod
    def of(cls, episode: Episode, path: str) -> Self:
        """The answer that shows this episode; ``path`` is that of all of them."""
        made = {"transcript": f"{path}/{episode.id}/transcript" if episode.transcript_file_id else None}
        told = {name: getattr(episode, name) for name in cls.model_fields if name not in {"transcript", "error"}}
        return cls(**told, **made, error=Reason.of(episode.error))


class EpisodePage(BaseModel):
    """Some episodes, those first that were published last."""

    items: list[EpisodeInfo]
    next_cursor: NextCursor


class ImportedFeed(BaseModel):
    """What became of a feed in a list."""

    line: int = Field(description="Where it stands in the file.")
    url: str
    title: str | None
    outcome: Literal["subscribed", "known", "refused"] = Field(
        description="`known`: you subscribe to it already, or the list has it twice."
    )
    subscription_id: UUID | None
    error: Reason | None = Field(description="Why it was refused.")

    @classmethod
    def of(cls, outline: Outline, kept: Kept) -> Self:
        """One that is there now."""
        outcome: Literal["subscribed", "known"] = "subscribed" if kept.is_new else "known"
        told = {"line": outline.line, "url": kept.feed.url, "title": outline.title}
        return cls(**told, outcome=outcome, subscription_id=kept.subscription.id, error=None)


class ImportReport(BaseModel):
    """What became of each feed in a list, in its order."""

    subscribed: int = Field(description="How many are new.")
    items: list[ImportedFeed]
