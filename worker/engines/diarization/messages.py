"""What a worker asks of its diarization engine; it replies with :class:`~playhead.engines.Diarized`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel


class Diarize(BaseModel):
    """Say who speaks when in a local recording."""

    recording: str
    minimum: int | None = None
    maximum: int | None = None
    device: Literal["auto", "cpu", "cuda"] = "auto"
    max_seconds: float
