from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from playhead.asking.text import storable


class SkipRequest(BaseModel):
    """Why a job is left out."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, AfterValidator(storable)] | None = Field(
        None, min_length=1, max_length=1000, description="Kept in the job's `error`.", examples=["a duplicate of 17"]
    )
