"""Feeds, their episodes, and who wants to hear of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from playhead.identity import new_id
from playhead.models.base import Base

PODCASTS_OWNER = UUID("00000000-0000-7000-8000-000000000002")
"""The owner that a migration makes: of the jobs that work on episodes, which belong to all subscribers alike."""


class Feed(Base):
    """A feed, one row however many subscribe. ``url`` is where it is now.

    ``next_poll_at`` is moved on before it is asked, so that nobody else asks at the same time; None while nobody
    subscribes. ``polled_at`` is when it last answered, or did not. ``failures`` counts those since it was last read,
    ``error`` is the last of them.
    """

    __tablename__ = "feeds"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    url: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str | None]
    link: Mapped[str | None]
    description: Mapped[str | None]
    language: Mapped[str | None]
    image_url: Mapped[str | None]
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    next_poll_at: Mapped[datetime | None]
    polled_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(server_default=text("0"))
    error: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (Index("feeds_due_idx", "next_poll_at", "id", postgresql_where=text("next_poll_at IS NOT NULL")),)


class Episode(Base):
    """An episode of a feed, and what was made of it.

    ``state``: ``known`` until somebody is to be told of it, ``wanted`` until its jobs are submitted as the batch
    ``batch_id``, ``making``, then ``ready`` or ``failed``. ``transcripts`` are those that the publisher offers, as in
    :class:`playhead.podcasts.polling.entries.Entry`; ``transcribed`` says that none of them served. No foreign key to
    the batch: the summary and the transcript outlive it.
    """

    __tablename__ = "episodes"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    feed_id: Mapped[UUID] = mapped_column(ForeignKey("feeds.id", ondelete="CASCADE"))
    title: Mapped[str | None]
    link: Mapped[str | None]
    description: Mapped[str | None]
    published_at: Mapped[datetime | None]
    enclosure_url: Mapped[str | None]
    media_type: Mapped[str | None]
    duration_seconds: Mapped[float | None]
    transcripts: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    state: Mapped[str] = mapped_column(server_default="known")
    batch_id: Mapped[UUID | None]
    transcribed: Mapped[bool] = mapped_column(server_default=text("false"))
    summary: Mapped[dict[str, Any] | None]
    transcript_file_id: Mapped[UUID | None] = mapped_column(ForeignKey("files.id", ondelete="SET NULL"))
    error: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint("state IN ('known', 'wanted', 'making', 'ready', 'failed')", name="state"),
        Index("episodes_feed_idx", "feed_id", text("published_at DESC NULLS LAST"), text("id DESC")),
        Index(
            "episodes_transcript_idx",
            "transcript_file_id",
            postgresql_where=text("transcript_file_id IS NOT NULL"),
        ),
        Index("episodes_under_way_idx", "id", postgresql_where=text("state IN ('wanted', 'making')")),
    )


class EpisodeIdentity(Base):
    """Something that an episode is known by in its feed: its GUID, the address of its enclosure.

    ``episode_id`` is None where several had it at once: it tells nothing.
    """

    __tablename__ = "episode_identities"
    feed_id: Mapped[UUID] = mapped_column(ForeignKey("feeds.id", ondelete="CASCADE"), primary_key=True)
    identity: Mapped[bytes] = mapped_column(primary_key=True)
    episode_id: Mapped[UUID | None] = mapped_column(ForeignKey("episodes.id", ondelete="CASCADE"), index=True)


class Subscription(Base):
    """An owner's wish to be told of new episodes of a feed.

    ``keywords``: an episode has one of them, if there are any. ``newest``: of episodes found at once at most so many.
    ``notify``: ``{"mail": address}``, ``{"webhook": URL}`` or ``{"digest": true}``. ``started_at`` is when its first
    episodes were chosen among those that were there; None until the feed has been read.
    """

    __tablename__ = "subscriptions"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("owners.id", ondelete="CASCADE"))
    feed_id: Mapped[UUID] = mapped_column(ForeignKey("feeds.id", ondelete="CASCADE"), index=True)
    keywords: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    newest: Mapped[int | None]
    notify: Mapped[dict[str, Any]]
    started_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (Index("subscriptions_owner_feed_key", "owner_id", "feed_id", unique=True),)
