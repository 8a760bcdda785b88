"""Which job does what work, so that others that ask for the same need not."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from playhead.models.base import Base


class Flight(Base):
    """Work that is known by ``key``, and the job whose run does it, or did: for as long as that job is kept.

    Whoever locks a row of this table waits for nothing after it: see :mod:`playhead.ledger.sharing`.
    """

    __tablename__ = "flights"
    key: Mapped[bytes] = mapped_column(primary_key=True)
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), index=True)
