"""What became of jobs, and of what they took."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column

from playhead.models.base import Base


class Event(Base):
    """The history, append-only: every step of every job, and what its watchers are told.

    Within a job, ids grow in the order of the commits, because whoever writes an event holds the job's row.
    """

    __tablename__ = "job_events"
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("owners.id", ondelete="CASCADE"))
    type: Mapped[str]
    attempt: Mapped[int]
    lease: Mapped[int | None] = mapped_column(BigInteger)
    data: Mapped[dict[str, Any]]
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())

    __table_args__ = (Index("job_events_job_idx", "job_id", "id"),)


class Checkpoint(Base):
    """What a later attempt may go on from."""

    __tablename__ = "checkpoints"
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("owners.id", ondelete="CASCADE"))
    lease: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[dict[str, Any]]
    saved_at: Mapped[datetime] = mapped_column(server_default=func.now())


class EngineDeaths(Base):
    """Content that killed engines, by the kind of job in which it did. Quarantined: it is tried no more.

    ``job_ids`` has one entry for each death, and no foreign key: what killed an engine does so without its job.
    ``last_error`` is ``{"message", "attempt", "job_id"}``.
    """

    __tablename__ = "engine_deaths"
    kind: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(primary_key=True)
    deaths: Mapped[int]
    job_ids: Mapped[list[UUID]] = mapped_column(ARRAY(PG_UUID(as_uuid=True)))
    last_error: Mapped[dict[str, Any]]
    first_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_at: Mapped[datetime] = mapped_column(server_default=func.now())
    quarantined_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "engine_deaths_quarantined_idx",
            text("quarantined_at DESC"),
            "sha256",
            postgresql_where=text("quarantined_at IS NOT NULL"),
        ),
        Index("engine_deaths_last_idx", "last_at"),
    )
