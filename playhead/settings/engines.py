"""What engines of every sort have in common, and those that stand in for them."""

from __future__ import annotations

from pydantic import BaseModel, Field


class ChildSettings(BaseModel):
    """An engine in a process of its own that serves one request at a time."""

    idle_unload_seconds: float = Field(300, gt=0, description="The engine, idle for this long, is ended.")
    start_timeout_seconds: float = Field(120, gt=0, description="How long its libraries may take to load.")
    hang_seconds: float = Field(600, gt=0, description="The engine, silent for this long, is ended and renewed.")
    cancel_seconds: float = Field(
        1.5, gt=0, description="If it has not let go of a canceled job by then, it is ended and renewed."
    )


class StubSettings(BaseModel):
    """The deterministic engines that stand in for models (`ENGINES=stub`)."""

    segments: int = Field(4, ge=1, description="Segments that the stub transcriber makes.")
    seconds_per_segment: float = Field(0, ge=0, description="How long it takes for each.")
    seconds_per_answer: float = Field(0, ge=0, description="How long the stub writer takes for an answer.")
