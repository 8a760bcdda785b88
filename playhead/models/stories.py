"""Adventures for learners of a language, and their entries."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from playhead.identity import new_id
from playhead.models.base import Base


class Adventure(Base):
    """A story, and how it is to be told. How far it is follows from its latest entry: nothing of that stands here."""

    __tablename__ = "adventures"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("owners.id", ondelete="CASCADE"))
    title: Mapped[str | None]
    theme: Mapped[str]
    language: Mapped[str]
    level: Mapped[str]
    native_language: Mapped[str | None]
    voice: Mapped[str | None]
    model: Mapped[str | None]
    annotated: Mapped[bool]
    idempotency_key: Mapped[str | None]
    request_digest: Mapped[bytes | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        Index(
            "adventures_idempotency_key",
            "owner_id",
            "idempotency_key",
            unique=True,
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
        Index("adventures_owner_idx", "owner_id", "id"),
    )


class AdventureEntry(Base):
    """An entry: asked for, then written down once its jobs have ended.

    ``choice`` and ``decision`` are what was chosen after the entry before, by number and in words; ``batch_id`` is what
    makes it, without a foreign key: an entry outlives its jobs. ``story`` is a :class:`playhead.story.Story`,
    ``translation`` has a text for each of its sentences, empty where there is none; ``error`` is ``{"step", "code",
    "message"}``.
    """

    __tablename__ = "adventure_entries"
    adventure_id: Mapped[UUID] = mapped_column(ForeignKey("adventures.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(server_default=text("'pending'"))
    choice: Mapped[int | None]
    decision: Mapped[str | None]
    batch_id: Mapped[UUID]
    story: Mapped[dict[str, Any] | None]
    translation: Mapped[list[str] | None]
    audio_id: Mapped[UUID | None] = mapped_column(ForeignKey("files.id", ondelete="SET NULL"), index=True)
    annotation_id: Mapped[UUID | None] = mapped_column(ForeignKey("files.id", ondelete="SET NULL"), index=True)
    error: Mapped[dict[str, Any] | None]
    idempotency_key: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("status IN ('pending', 'complete', 'error')", name="status"),
        Index("adventure_entries_pending_idx", "batch_id", postgresql_where=text("status = 'pending'")),
        Index("adventure_entries_idempotency_key", "adventure_id", "idempotency_key", unique=True),
    )
