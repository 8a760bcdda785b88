"""What owners are told of new episodes, each by itself or in a digest."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from playhead.identity import new_id
from playhead.models.base import Base


class Delivery(Base):
    """That an owner is to be told of an episode: once, however often they subscribe.

    ``state``: ``pending``, ``processing``, ``delivered``, ``failed`` or ``expired``. A ``validation`` is a try: it goes
    first and may be repeated. ``job_id`` is the job that sends it, alone or in the digest ``issue_id``; without a
    foreign key, as it outlives the job. Without its subscription it is kept as history.
    """

    __tablename__ = "deliveries"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("owners.id", ondelete="CASCADE"))
    subscription_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("subscriptions.id", ondelete="SET NULL"), index=True
    )
    episode_id: Mapped[UUID] = mapped_column(ForeignKey("episodes.id", ondelete="CASCADE"), index=True)
    validation: Mapped[bool] = mapped_column(server_default=text("false"))
    state: Mapped[str] = mapped_column(server_default="pending")
    job_id: Mapped[UUID | None]
    issue_id: Mapped[UUID | None] = mapped_column(ForeignKey("digest_issues.id", ondelete="SET NULL"), index=True)
    error: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state IN ('pending', 'processing', 'delivered', 'failed', 'expired')", name="state"),
        Index("deliveries_owner_idx", "owner_id", "id"),
        Index("deliveries_episode_key", "owner_id", "episode_id", unique=True, postgresql_where=text("NOT validation")),
        Index("deliveries_waiting_idx", "id", postgresql_where=text("state = 'pending' AND job_id IS NULL")),
        Index("deliveries_sent_idx", "id", postgresql_where=text("state <> 'delivered' AND job_id IS NOT NULL")),
    )


class Digest(Base):
    """How an owner's digest comes: when, and where to.

    ``notify``: ``{"mail": address}``, ``{"webhook": URL}`` or ``{"feed": true}``, which sends nothing: the feed of the
    digest, at an address with ``token`` in it, is there in each case. ``next_at`` is when the period under way ends;
    None while paused.
    """

    __tablename__ = "digests"
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("owners.id", ondelete="CASCADE"), primary_key=True)
    cron: Mapped[str]
    timezone: Mapped[str]
    notify: Mapped[dict[str, Any]]
    token: Mapped[str] = mapped_column(unique=True)
    next_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (Index("digests_due_idx", "next_at", "owner_id", postgresql_where=text("next_at IS NOT NULL")),)


class DigestIssue(Base):
    """A digest that had something to tell: the one of the period that ended at ``due_at``.

    ``state`` and ``job_id`` are as those of :class:`Delivery`; what it tells of are the deliveries that name it,
    as it told of them in ``markdown`` and ``html``.
    """

    __tablename__ = "digest_issues"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("digests.owner_id", ondelete="CASCADE"))
    due_at: Mapped[datetime]
    title: Mapped[str]
    markdown: Mapped[str]
    html: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="pending")
    job_id: Mapped[UUID | None]
    error: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state IN ('pending', 'processing', 'delivered', 'failed', 'expired')", name="state"),
        Index("digest_issues_period_key", "owner_id", "due_at", unique=True),
        Index("digest_issues_sent_idx", "id", postgresql_where=text("state <> 'delivered' AND job_id IS NOT NULL")),
    )
