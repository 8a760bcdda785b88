"""Parents of jobs."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from playhead.identity import new_id
from playhead.models.base import Base


class Batch(Base):
    """A parent of jobs. How far it is and how it ended follows from its children: nothing of that stands here.

    So none of them goes without the others: each is there for as long as the batch is. ``names`` has the ids of the
    jobs of a graph by their names; None where the children are all alike. ``total`` is how many children there are.
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
