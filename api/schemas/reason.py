from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, Field


class Reason(BaseModel):
    """Why something came to nothing."""

    code: str = Field(description="Stable: see docs/errors.md.")
    message: str

    @classmethod
    def of(cls, error: Mapping[str, Any] | None) -> Self | None:
        """The answer that shows an error as it is stored, if there is one."""
        return cls(code=error["code"], message=error["message"]) if error else None
