"""What the server's answers hold, as far as the command line needs it. A newer server may say more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel

TERMINAL = frozenset({"succeeded", "failed", "canceled", "skipped", "expired"})


class OutputView(BaseModel):
    """A file that a job made."""

    name: str
    media_type: str
    size_bytes: int


class ErrorView(BaseModel):
    """Why a job ended, or its last attempt."""

    code: str
    message: str
    attempt: int | None = None


class FileView(BaseModel):
    """An uploaded recording."""

    id: str
    size_bytes: int
    duration_seconds: float | None = None


class JobView(BaseModel):
    """A job. Times are UTC, durations seconds, ``progress`` 0 to 1."""

    id: str
    kind: str
    state: str
    progress: float = 0.0
    stage: str | None = None
    position: int | None = None
    input: dict[str, Any] | None = None
    outputs: list[OutputView] = []
    result: dict[str, Any] | None = None
    error: ErrorView | None = None
    attempt: int = 0
    max_attempts: int = 0
    metadata: dict[str, Any] = {}
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    gpu_seconds: float | None = None
    cached_from: str | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.state in TERMINAL

    @property
    def label(self) -> str:
        """The recording, as people know it."""
        source = self.input or {}
        return str(self.metadata.get("recording") or source.get("url") or source.get("file") or self.id)

    @property
    def took_seconds(self) -> float | None:
        """From its start to its end; None unless it had both."""
        both = self.started_at and self.finished_at
        return (self.finished_at - self.started_at).total_seconds() if both else None  # type: ignore[operator]


class PageView(BaseModel):
    """Some of a list; ``next_cursor`` leads to the rest."""

    items: list[JobView]
    next_cursor: str | None = None


class QuarantinedView(BaseModel):
    """An input that killed engines."""

    kind: str
    sha256: str
    deaths: int
    last_error: str
    jobs: list[str]
    quarantined_at: datetime


class QuarantineView(BaseModel):
    """Some of what is in quarantine; ``total`` is all of it."""

    items: list[QuarantinedView]
    total: int


class LiftedView(BaseModel):
    """How many inputs may be tried again."""

    lifted: int


@dataclass(frozen=True)
class News:
    """One Server-Sent Event of a job.

    Attributes:
        id: to resume after; empty for what is not kept, such as progress.
        event: `state`, `progress`, `segment`, or what a kind calls its own.
        data: JSON.
    """

    id: str
    event: str
    data: Mapping[str, Any]
