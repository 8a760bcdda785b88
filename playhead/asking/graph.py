"""A graph of jobs by their names, as a request has it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Annotated, Any

from pydantic import BaseModel, Discriminator, Field, Tag

from playhead.asking.inputs import JobName, Strict, input_type
from playhead.asking.job import MAX_AFTER, KindRequest, model_of
from playhead.asking.places import tag
from playhead.asking.terms import Labels
from playhead.kind import Kind

MAX_JOBS = 1000


class GraphJob(KindRequest):
    """What may be asked of a job of a graph, whatever its kind."""

    input: BaseModel
    after: list[JobName] = Field(
        default_factory=list,
        max_length=MAX_AFTER,
        description="Jobs that must succeed first, by name in this graph or by id. One that fails cancels this.",
    )


class GraphRequest(Strict):
    """Jobs that work on one another's outputs: all are accepted, or none."""

    jobs: dict[JobName, GraphJob]
    metadata: Labels = Field(default_factory=dict, description="Of the batch itself.")


def distinct(jobs: dict[str, Any]) -> dict[str, Any]:
    """These jobs by their names.

    Raises:
        ValueError: two names differ by case alone. The zip file of a graph has a folder for each, and many file systems
            would unpack both into one.
    """
    seen: dict[str, str] = {}
    for name in jobs:
        if (other := seen.setdefault(name.lower(), name)) != name:
            message = f"the names {other} and {name} differ by case alone"
            raise ValueError(message)
    return jobs


def graph_job_type(kinds: Iterable[Kind[Any, Any]]) -> Any:
    """The type of a job of a graph: the union of all kinds, told apart by ``kind``."""
    models = {kind.name: model_of(kind, GraphJob, "Step", input=(input_type(kind, named=True), ...)) for kind in kinds}

    def branch(value: Any) -> str | None:
        name = value.kind if isinstance(value, GraphJob) else value.get("kind") if isinstance(value, dict) else None
        return tag(name) if isinstance(name, str) and name in models else None

    by_kind = Discriminator(
        branch, custom_error_type="kind_needed", custom_error_message=f"Give a kind: one of {', '.join(models)}"
    )
    tagged = [Annotated[model, Tag(tag(name))] for name, model in models.items()]
    return Annotated[reduce(or_, tagged), by_kind]
