"""What a worker asks of its diarization engine, and what that replies."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from playhead.engines import Turn


class Diarize(BaseModel):
    """Say who speaks when in a local recording."""

    recording: str
    minimum: int | None = None
    maximum: int | None = None
    device: Literal["auto", "cpu", "cuda"] = "auto"
    max_seconds: float


class Turns(BaseModel):
    """The answer to it, by start."""

    turns: list[Turn]
