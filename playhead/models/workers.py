"""Who works, and at what."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.orm import Mapped, mapped_column

from playhead.identity import new_id
from playhead.models.base import Base


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
