"""The body of ``POST /api/v1/jobs``: a union of all kinds, built from their registry."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    Field,
    StringConstraints,
    create_model,
    model_validator,
)
from pydantic_core import PydanticCustomError

from api.schemas.inputs import Strict, input_type
from api.schemas.listing import LABEL
from api.text import check_storable
from playhead.kind import Kind
from playhead.states import Priority

YEARS = range(1970, 3000)
"""Of a ``run_at``: beyond it are only mistakes, and times that other calendars cannot hold."""
MAX_SECONDS = 10 * 365 * 86_400
MAX_AFTER = 1000
MAX_LABELS = 50


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


class JobRequest(Strict):
    """What may be asked of a job, whatever its kind."""

    kind: str
    input: BaseModel
    params: BaseModel
    priority: Priority = Field(Priority.NORMAL, description="Jobs of a higher priority go first in their queue.")
    run_at: Annotated[AwareDatetime, BeforeValidator(_text), AfterValidator(_in_utc)] | None = Field(
        None, description="Not before this time (RFC 3339 with an offset); a time that is past means at once."
    )
    after: list[UUID] = Field(
        default_factory=list,
        max_length=MAX_AFTER,
        description="Jobs that must succeed first. One that fails cancels this.",
    )
    max_attempts: int | None = Field(
        None, ge=1, le=100, strict=True, description="Attempts; else the server's default."
    )
    expires_in_seconds: float | None = Field(
        None, gt=0, le=MAX_SECONDS, strict=True, description="If not begun within this time it ends as `expired`."
    )
    metadata: dict[Label, LabelText] = Field(
        default_factory=dict,
        max_length=MAX_LABELS,
        description="Yours to fill; lists can be filtered by it. At most 50 names of letters, digits, `_.-`.",
        examples=[{"customer": "42"}],
    )

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        check_storable(value)
        return value


def request_model(kinds: Iterable[Kind[Any, Any]]) -> Any:
    """The type of a body: one kind's model, or the union of all, told apart by ``kind``."""
    models = tuple(_model(kind) for kind in kinds)
    if len(models) == 1:
        return models[0]
    return Annotated[reduce(or_, models), Field(discriminator="kind")]


def _model(kind: Kind[Any, Any]) -> type[JobRequest]:
    needed = any(field.is_required() for field in kind.params.model_fields.values())
    params = (kind.params, ...) if needed else (kind.params, Field(default_factory=kind.params))
    literal: Any = Literal[kind.name]
    name = "".join(part.capitalize() for part in kind.name.split("_"))
    return create_model(
        f"{name}Job",
        __base__=JobRequest,
        __doc__=kind.summary,
        kind=(literal, ...),
        input=(input_type(kind), ...),
        params=params,
    )
