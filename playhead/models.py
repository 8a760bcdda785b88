"""The tables. Alembic makes them; a test holds the two together."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    MetaData,
    Sequence,
    SmallInteger,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, DOUBLE_PRECISION, JSONB, TEXT, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from playhead.identity import new_id
from playhead.states import State

ADMIN_OWNER = UUID("00000000-0000-7000-8000-000000000001")
"""The owner that the first migration makes: whoever holds the admin key, or everyone with ``AUTH=off``."""


class Base(DeclarativeBase):
    """All tables of Playhead. Procrastinate's own are not here: it defines them."""

    metadata = MetaData(
        naming_convention={
            "ix": "%(table_name)s_%(column_0_N_name)s_idx",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ck": "%(table_name)s_%(constraint_name)s_check",
            "fk": "%(table_name)s_%(column_0_name)s_fkey",
            "pk": "%(table_name)s_pkey",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own protocol
        datetime: TIMESTAMP(timezone=True),
        dict[str, Any]: JSONB(none_as_null=True),
        list[str]: ARRAY(TEXT),
        str: TEXT,
        bytes: BYTEA,
        float: DOUBLE_PRECISION,
        UUID: PG_UUID(as_uuid=True),
    }


lease_tokens = Sequence("lease_tokens", metadata=Base.metadata)
"""Fencing tokens: each claim takes the next."""


class Owner(Base):
    """Whose things these are. Every row of work names one."""

    __tablename__ = "owners"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Key(Base):
    """An API key, known only by its SHA-256: 256 random bits need no slow hash."""

    __tablename__ = "keys"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("owners.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    prefix: Mapped[str]
    digest: Mapped[bytes] = mapped_column(unique=True)
    admin: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Blob(Base):
    """Stored bytes, named by what they are. A row is written after its bytes are safe and deleted before they go."""

    __tablename__ = "blobs"
    sha256: Mapped[str] = mapped_column(primary_key=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    touched_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    deleting: Mapped[bool] = mapped_column(server_default=text("false"))


class File(Base):
    """What an owner uploaded."""

    __tablename__ = "files"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("owners.id", ondelete="CASCADE"), index=True)
    sha256: Mapped[str] = mapped_column(ForeignKey("blobs.sha256"), index=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str | None]
    media_type: Mapped[str]
    duration_seconds: Mapped[float | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime | None] = mapped_column(index=True)


class QueueRow(Base):
    """A queue that an operator paused or resumed; one never touched has no row."""

    __tablename__ = "queues"
    name: Mapped[str] = mapped_column(primary_key=True)
    paused_at: Mapped[datetime | None]


class WorkerRow(Base):
    """One worker process, from its start to its end or loss."""

    __tablename__ = "workers"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    device: Mapped[str]
    queues: Mapped[list[str]]
    kinds: Mapped[list[str] | None]
    concurrency: Mapped[dict[str, Any]]
    version: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    heartbeat_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    stopped_at: Mapped[datetime | None]
    metrics: Mapped[str] = mapped_column(server_default="")


class Batch(Base):
    """A parent of jobs. How far it is and how it ended follows from its children: nothing of that stands here.

    ``names`` has the ids of the jobs of a graph by their names; None where the children are all alike. ``total`` is how
    many children were made, some of which may have been deleted since.
    """

    __tablename__ = "batches"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("owners.id", ondelete="CASCADE"))
    kind: Mapped[str | None]
    recipe: Mapped[str | None]
    names: Mapped[dict[str, Any] | None]
    total: Mapped[int]
    labels: Mapped[dict[str, Any]] = mapped_column("metadata", server_default=text("'{}'"))
    idempotency_key: Mapped[str | None]
    request_digest: Mapped[bytes | None]
    trace_id: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)

    __table_args__ = (
        Index(
            "batches_idempotency_key",
            "owner_id",
            "idempotency_key",
            unique=True,
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
        Index("batches_owner_idx", "owner_id", "id"),
    )


class Job(Base):
    """The ledger. It alone says what a job is, who holds it, how far it is and how it ended."""

    __tablename__ = "jobs"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("owners.id", ondelete="CASCADE"))
    kind: Mapped[str]
    queue: Mapped[str]
    state: Mapped[str]
    priority: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    params: Mapped[dict[str, Any]]
    input: Mapped[dict[str, Any]]
    # "metadata" is taken by SQLAlchemy on a mapped class.
    labels: Mapped[dict[str, Any]] = mapped_column("metadata", server_default=text("'{}'"))
    # No foreign key: a job that succeeded does not keep its input from being cleared away.
    input_sha256: Mapped[str | None] = mapped_column(index=True)
    idempotency_key: Mapped[str | None]
    request_digest: Mapped[bytes | None]
    trace_id: Mapped[str]

    attempt: Mapped[int] = mapped_column(server_default=text("0"))
    max_attempts: Mapped[int]
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
    cached_from: Mapped[UUID | None]
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
        Index("jobs_metadata_idx", "metadata", postgresql_using="gin", postgresql_ops={"metadata": "jsonb_path_ops"}),
        Index(
            "jobs_queued_idx",
            "queue",
            text("priority DESC"),
            "id",
            postgresql_where=text("state = 'queued'"),
        ),
        Index("jobs_parent_idx", "parent_id", "state"),
        Index("jobs_running_idx", "worker_id", postgresql_where=text("state = 'running'")),
        Index("jobs_due_idx", "run_at", postgresql_where=text("state = 'waiting' AND waits_for = 0")),
        Index("jobs_expiry_idx", "expires_at", postgresql_where=text("state IN ('waiting', 'queued')")),
        Index("jobs_finished_idx", "finished_at", postgresql_where=text("finished_at IS NOT NULL")),
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


class Output(Base):
    """A file that a job made. Written only by the settling of the run that made it."""

    __tablename__ = "outputs"
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("owners.id", ondelete="CASCADE"))
    sha256: Mapped[str] = mapped_column(ForeignKey("blobs.sha256"), index=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str]


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
