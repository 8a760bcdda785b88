"""Whose things they are."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, func, text
from sqlalchemy.orm import Mapped, mapped_column

from playhead.identity import new_id
from playhead.models.base import Base

ADMIN_OWNER = UUID("00000000-0000-7000-8000-000000000001")
"""The owner that the first migration makes: whoever holds the admin key, or everyone with ``AUTH=off``."""


class Owner(Base):
    """Whose things these are. Every row of work names one."""

    __tablename__ = "owners"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(unique=True)
    tier: Mapped[str] = mapped_column(server_default="free")
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
