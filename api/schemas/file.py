from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class File(BaseModel):
    """An uploaded recording."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    sha256: str = Field(description="Of its bytes; the same bytes are stored once.")
    size_bytes: int
    media_type: str = Field(examples=["audio/mpeg"])
    name: str | None = Field(description="File name that the client gave.")
    duration_seconds: float | None = Field(description="Length that its header tells; null where it does not.")
    created_at: datetime
    expires_at: datetime | None = Field(description="When it is deleted; null for never. Jobs keep what they need.")
