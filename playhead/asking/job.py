"""The body of ``POST /api/v1/jobs``: a union of all kinds, built from their registry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, create_model, model_validator

from playhead.asking.inputs import input_type
from playhead.asking.terms import Terms
from playhead.asking.text import check_storable
from playhead.kind import Kind

MAX_AFTER = 1000


class KindRequest(Terms):
    """What may be asked of one kind, of a job or of many."""

    kind: str
    params: BaseModel


class JobRequest(KindRequest):
    """What may be asked of a job, whatever its kind."""

    input: BaseModel
    after: list[UUID] = Field(
        default_factory=list,
        max_length=MAX_AFTER,
        description="Jobs that must succeed first. One that fails cancels this.",
    )

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        check_storable(value)
        return value


def request_model(kinds: Iterable[Kind[Any, Any]]) -> Any:
    """The type of a body: one kind's model, or the union of all, told apart by ``kind``."""
    return discriminated([model_of(kind, JobRequest, "Job", input=(input_type(kind), ...)) for kind in kinds], "kind")


def model_of(kind: Kind[Any, Any], base: type[KindRequest], suffix: str, **fields: Any) -> type[BaseModel]:
    """A request for this kind alone: its name, its params and these fields beside those of the base."""
    needed = any(field.is_required() for field in kind.params.model_fields.values())
    params = (kind.params, ...) if needed else (kind.params, Field(default_factory=kind.params))
    literal: Any = Literal[kind.name]
    name = "".join(part.capitalize() for part in kind.name.split("_"))
    return create_model(
        f"{name}{suffix}", __base__=base, __doc__=kind.summary, kind=(literal, ...), params=params, **fields
    )


def discriminated(models: Sequence[type[BaseModel]], field: str) -> Any:
    """One of these, told apart by what stands in this field."""
    return models[0] if len(models) == 1 else Annotated[reduce(or_, models), Field(discriminator=field)]
