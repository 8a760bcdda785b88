from __future__ import annotations

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from playhead.models import EngineDeaths


class QuarantinedInput(BaseModel):
    """Content that killed engines, and is given to none again by jobs of this kind."""

    kind: str = Field(examples=["transcribe"])
    sha256: str = Field(description="Of the content, in lower-case hexadecimal.")
    deaths: int = Field(description="Engines that it killed.")
    last_error: str = Field(
        description="How the last of them died.", examples=["The engine died: segmentation fault (SIGSEGV)."]
    )
    jobs: list[UUID] = Field(description="The jobs in which they died, the earliest first. Some may be deleted by now.")
    first_death_at: datetime
    last_death_at: datetime
    quarantined_at: datetime = Field(description="Since when it is tried no more.")

    @classmethod
    def of(cls, row: EngineDeaths) -> Self:
        """The answer that shows this row, which is in quarantine."""
        assert row.quarantined_at is not None  # noqa: S101 - as the caller says
        return cls(
            kind=row.kind,
            sha256=row.sha256,
            deaths=row.deaths,
            last_error=row.last_error["message"],
            jobs=list(dict.fromkeys(row.job_ids)),
            first_death_at=row.first_at,
            last_death_at=row.last_at,
            quarantined_at=row.quarantined_at,
        )


class QuarantineList(BaseModel):
    """Inputs in quarantine, the latest first."""

    items: list[QuarantinedInput]
    total: int = Field(description="How many there are, of this kind where one was asked for.")


class Lifted(BaseModel):
    """How many inputs may be tried again."""

    lifted: int
