"""Wishes that a worker be woken."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, false, text
from sqlalchemy.orm import Mapped, mapped_column

from playhead.models.base import Base


class Wake(Base):
    """A queue whose workers may be woken; there is a row where an API has a hook for it.

    Attributes:
        every_seconds, lost_after_seconds: settings of that API, for whoever writes a wish: a worker need not have them.
        wished_at: when the wish in force was written, or its call began; null once that has failed.
        pending: whether its call is still to be made, or under way.
        call_id: the call under way; nobody else makes one before ``taken_until``.
        called_at: when the last call began.
        error: why the last call failed; null if it did not.
        tries: calls since work last waited for nobody in vain.
        look_at: not before that is one called for what no new job asks for.
        calls, failures: since ever.
    """

    __tablename__ = "wakes"
    queue: Mapped[str] = mapped_column(primary_key=True)
    every_seconds: Mapped[float]
    lost_after_seconds: Mapped[float]
    wished_at: Mapped[datetime | None]
    pending: Mapped[bool] = mapped_column(server_default=false())
    call_id: Mapped[UUID | None]
    taken_until: Mapped[datetime | None]
    called_at: Mapped[datetime | None]
    error: Mapped[str | None]
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    look_at: Mapped[datetime | None]
    calls: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    failures: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
