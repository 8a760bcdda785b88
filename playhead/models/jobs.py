"""The jobs, what they wait for and what they take."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, func, text
from sqlalchemy.orm import Mapped, mapped_column

from playhead.identity import new_id
from playhead.models.base import Base
from playhead.states import State


class Job(Base):
    """The ledger. It alone says what a job is, who holds it, how far it is and how it ended."""

    __tablename__ = "jobs"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("owners.id", ondelete="CASCADE"))
    kind: Mapped[str]
    queue: Mapped[str]
    state: Mapped[str]
    # What the queue is ordered by: the rank of the priority that was asked for, on the base of the owner's tier then.
    priority: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    base_priority: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    params: Mapped[dict[str, Any]]
    input: Mapped[dict[str, Any]]
    # "metadata" is taken by SQLAlchemy on a mapped class.
    labels: Mapped[dict[str, Any]] = mapped_column("metadata", server_default=text("'{}'"))
    # No foreign key: a job that succeeded does not keep its input from being cleared away.
    input_sha256: Mapped[str | None]
    idempotency_key: Mapped[str | None]
    request_digest: Mapped[bytes | None]
    trace_id: Mapped[str]

    attempt: Mapped[int] = mapped_column(server_default=text("0"))
    max_attempts: Mapped[int]
    timeout_seconds: Mapped[float | None]
    lease: Mapped[int | None] = mapped_column(BigInteger)
    worker_id: Mapped[UUID | None] = mapped_column(ForeignKey("workers.id", ondelete="SET NULL"))
    waits_for: Mapped[int] = mapped_column(server_default=text("0"))

    progress: Mapped[float] = mapped_column(server_default=text("0"))
    stage: Mapped[str | None]
    eta_seconds: Mapped[float | None]
    result: Mapped[dict[str, Any] | None]
    error: Mapped[dict[str, Any] | None]
    gpu_seconds: Mapped[float] = mapped_column(server_default=text("0"))
    audio_seconds: Mapped[float] = mapped_column(server_default=text("0"))
    input_tokens: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    output_tokens: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    run_seconds: Mapped[float] = mapped_column(server_default=text("0"))
    cached_from: Mapped[UUID | None]
    # What the job that it was answered from worked on: not done again.
    saved_audio_seconds: Mapped[float] = mapped_column(server_default=text("0"))
    # Whether another job's result will do, and its own for others; what the work is known by, once that is known; and
    # whether it waits for a run of another job that does the same.
    shares: Mapped[bool] = mapped_column(server_default=text("false"))
    cache_key: Mapped[bytes | None]
    follows: Mapped[bool] = mapped_column(server_default=text("false"))
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("batches.id", ondelete="CASCADE"))

    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    queued_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    run_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(f"state IN ({', '.join(repr(state.value) for state in State)})", name="state"),
        CheckConstraint("(state = 'running') = (lease IS NOT NULL)", name="lease"),
        CheckConstraint("NOT follows OR state = 'waiting'", name="follows"),
        Index(
            "jobs_same_idx",
            "cache_key",
            postgresql_where=text("cache_key IS NOT NULL AND (follows OR state = 'queued')"),
        ),
        Index("jobs_following_idx", "cache_key", postgresql_where=text("follows")),
        Index(
            "jobs_idempotency_key",
            "owner_id",
            "idempotency_key",
            unique=True,
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
        Index("jobs_owner_idx", "owner_id", "id"),
        Index("jobs_owner_kind_state_idx", "owner_id", "kind", "state", "id"),
        Index("jobs_owner_state_idx", "owner_id", "state", "id"),
        # Each of these is written with each change of a job's row: only where there is something to be found.
        Index(
            "jobs_metadata_idx",
            "metadata",
            postgresql_using="gin",
            postgresql_ops={"metadata": "jsonb_path_ops"},
            postgresql_where=text("metadata <> '{}'"),
        ),
        Index("jobs_input_sha256_idx", "input_sha256", postgresql_where=text("input_sha256 IS NOT NULL")),
        Index(
            "jobs_queued_idx",
            "queue",
            text("priority DESC"),
            "id",
            postgresql_where=text("state = 'queued'"),
        ),
        Index("jobs_parent_idx", "parent_id", "state", postgresql_where=text("parent_id IS NOT NULL")),
        Index("jobs_running_idx", "worker_id", postgresql_where=text("state = 'running'")),
        # For the foreign key, which names no state: without it each job is read for each worker that is forgotten.
        Index("jobs_worker_idx", "worker_id", postgresql_where=text("worker_id IS NOT NULL")),
        Index("jobs_due_idx", "run_at", postgresql_where=text("state = 'waiting' AND waits_for = 0")),
        Index("jobs_expiry_idx", "expires_at", postgresql_where=text("state IN ('waiting', 'queued')")),
        Index(
            "jobs_finished_idx",
            "finished_at",
            postgresql_where=text("finished_at IS NOT NULL AND parent_id IS NULL"),
        ),
    )


class Dependency(Base):
    """``job_id`` waits for ``needs_id``."""

    __tablename__ = "job_dependencies"
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    needs_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True, index=True)


class JobInput(Base):
    """One of the inputs of a job that takes several: the place in its list, and the bytes there once they are known.

    Where another job makes it, ``source_id`` is that job, and ``output`` the name of what it makes. No foreign keys
    for either, as for the ``input_sha256`` of a job with one input.
    """

    __tablename__ = "job_inputs"
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[UUID | None] = mapped_column(index=True)
    output: Mapped[str | None]
    sha256: Mapped[str | None] = mapped_column(index=True)
