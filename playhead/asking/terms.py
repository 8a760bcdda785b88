"""What may be asked of any job, whatever its kind and wherever it is asked for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from playhead.asking.inputs import Strict
from playhead.states import Priority

YEARS = range(1970, 3000)
"""Of a ``run_at``: beyond it are only mistakes, and times that other calendars cannot hold."""
MAX_SECONDS = 10 * 365 * 86_400
MAX_LABELS = 50
LABEL = r"^[A-Za-z0-9_.-]{1,64}"
"""The name of a pair of a job's metadata."""


def _text(value: object) -> object:
    # Pydantic also takes numbers for times, which the schema does not say.
    if not isinstance(value, str):
        raise PydanticCustomError("time_text", "A time is written as RFC 3339 says, e.g. 2026-01-31T09:00:00Z")
    return value


def _in_utc(value: datetime) -> datetime:
    # Before the conversion: at the ends of the calendar it overflows.
    if value.year not in YEARS:
        message = f"the year must be from {YEARS.start} to {YEARS.stop - 1}"
        raise ValueError(message)
    return value.astimezone(UTC)


Label = Annotated[str, StringConstraints(pattern=rf"{LABEL}$")]
LabelText = Annotated[str, StringConstraints(max_length=500)]
Labels = Annotated[dict[Label, LabelText], Field(max_length=MAX_LABELS)]


class Terms(Strict):
    """When, how often and in what order a job is to be tried, and what its owner calls it."""

    priority: Priority = Field(Priority.NORMAL, description="Jobs of a higher priority go first in their queue.")
    run_at: Annotated[AwareDatetime, BeforeValidator(_text), AfterValidator(_in_utc)] | None = Field(
        None, description="Not before this time (RFC 3339 with an offset); a time that is past means at once."
    )
    max_attempts: int | None = Field(
        None, ge=1, le=100, strict=True, description="Attempts; else the server's default."
    )
    timeout_seconds: float | None = Field(
        None,
        gt=0,
        le=MAX_SECONDS,
        strict=True,
        description="Longest time of an attempt; else the server's default, if it has one. One that takes longer is "
        "ended (`timed_out`) and the next one begun, if one is left.",
    )
    expires_in_seconds: float | None = Field(
        None,
        gt=0,
        le=MAX_SECONDS,
        strict=True,
        description="If not begun within this time it ends as `expired`; a retry lifts this.",
    )
    metadata: Labels = Field(
        default_factory=dict,
        description="Yours to fill; lists can be filtered by it. At most 50 names of letters, digits, `_.-`.",
        examples=[{"customer": "42"}],
    )
