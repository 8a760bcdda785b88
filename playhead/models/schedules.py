"""Work that is asked for again and again, and each time that it was."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from playhead.identity import new_id
from playhead.models.base import Base


class Schedule(Base):
    """What to submit, and when.

    ``request`` is the body of a job or of a batch, as it was sent. ``next_at`` is when its next run is due; one that is
    paused has none.
    """

    __tablename__ = "schedules"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("owners.id", ondelete="CASCADE"))
    name: Mapped[str | None]
    cron: Mapped[str]
    timezone: Mapped[str]
    request: Mapped[dict[str, Any]]
    next_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    idempotency_key: Mapped[str | None]
    request_digest: Mapped[bytes | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        Index(
            "schedules_idempotency_key",
            "owner_id",
            "idempotency_key",
            unique=True,
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
        Index("schedules_owner_idx", "owner_id", "id"),
        Index("schedules_due_idx", "next_at", "id", postgresql_where=text("next_at IS NOT NULL")),
    )


class ScheduleRun(Base):
    """A time that a schedule's work was asked for: what that made, or why it was refused.

    ``due_at`` is None beside its times: where somebody asked for it, or where it tells why the schedule is paused. No
    foreign keys to what it made: the history outlives that.
    """

    __tablename__ = "schedule_runs"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    schedule_id: Mapped[UUID] = mapped_column(ForeignKey("schedules.id", ondelete="CASCADE"))
    due_at: Mapped[datetime | None]
    at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    job_id: Mapped[UUID | None]
    batch_id: Mapped[UUID | None]
    error: Mapped[dict[str, Any] | None]
    idempotency_key: Mapped[str | None]

    __table_args__ = (
        Index("schedule_runs_schedule_idx", "schedule_id", "id"),
        Index("schedule_runs_due_key", "schedule_id", "due_at", unique=True),
        Index("schedule_runs_idempotency_key", "schedule_id", "idempotency_key", unique=True),
    )
