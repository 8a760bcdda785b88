"""What is asked of a batch, and what is told of one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, create_model

from api.schemas.graph import MAX_JOBS, GraphRequest, distinct
from api.schemas.inputs import JobName, Strict, input_type, told_apart
from api.schemas.submission import KindRequest, discriminated, model_of
from api.schemas.terms import Labels
from api.text import check_storable
from playhead.kind import Kind
from playhead.ledger.batches.read import BatchView
from playhead.recipes import Recipe
from playhead.states import Priority, State

MAX_CHILDREN = 10_000
MAX_VALUES = 200_000


class AlikeRequest(KindRequest):
    """One job of a kind for each input, all with the same params. The metadata is that of the batch and of each job."""

    inputs: list[Any]


class RecipeRequest(Strict):
    """A graph that ships with Playhead, its blanks filled in."""

    recipe: str
    input: BaseModel
    params: BaseModel
    priority: Priority = Field(Priority.NORMAL, description="Of each of its jobs.")
    max_attempts: int | None = Field(None, ge=1, le=100, strict=True, description="Of each of its jobs.")
    metadata: Labels = Field(default_factory=dict, description="Of the batch and of each of its jobs.")


def batch_request_type(kinds: Iterable[Kind[Any, Any]], job: Any, recipes: Mapping[str, Recipe]) -> Any:
    """The type of a body: ``inputs`` for jobs that are alike, ``jobs`` for a graph, ``recipe`` for one that ships."""
    graph: Any = Annotated[dict[JobName, job], Field(min_length=1, max_length=MAX_JOBS), AfterValidator(distinct)]
    alike = [model_of(kind, AlikeRequest, "Batch", inputs=(_inputs(kind), ...)) for kind in kinds]
    branches: dict[str, tuple[Any, str]] = {
        "inputs": (discriminated(alike, "kind"), '{"kind": ..., "inputs": [...]}'),
        "jobs": (create_model("GraphBatch", __base__=GraphRequest, jobs=(graph, ...)), '{"jobs": {name: job}}'),
    }
    if recipes:
        cooked = discriminated([_recipe_model(recipe) for recipe in recipes.values()], "recipe")
        branches["recipe"] = (cooked, '{"recipe": ..., "input": ...}')
    return Annotated[told_apart(branches), BeforeValidator(_storable)]


def _storable(value: Any) -> Any:
    check_storable(value, most=MAX_VALUES)
    return value


def _inputs(kind: Kind[Any, Any]) -> Any:
    one: Any = input_type(kind)
    return Annotated[list[one], Field(min_length=1, max_length=MAX_CHILDREN)]


def _recipe_model(recipe: Recipe) -> type[BaseModel]:
    params = recipe.params_model()
    needed = any(param.required for param in recipe.params.values())
    name: Any = Literal[recipe.name]
    return create_model(
        f"{recipe.name.capitalize()}Recipe",
        __base__=RecipeRequest,
        __doc__=recipe.summary,
        recipe=(name, ...),
        input=(input_type(), ...),
        params=(params, ...) if needed else (params, Field(default_factory=params)),
    )


class Batch(BaseModel):
    """A batch as it stands; it follows its jobs, which `GET /api/v1/jobs?parent=` lists."""

    id: UUID
    state: State = Field(
        description="`waiting`, `queued` or `running` while a job has not ended; then `succeeded` if any job did, else "
        "`failed`, `expired`, `canceled` or `skipped`, whichever of them a job is in first."
    )
    progress: float = Field(description="Mean of its jobs', 0 to 1; one that has ended counts as done.")
    total: int = Field(description="How many jobs were made.")
    counts: dict[State, int] = Field(description="Its jobs by state.")
    failures: int = Field(description="Jobs that failed, expired or were canceled; not those that were skipped.")
    kind: str | None = Field(description="Of all its jobs, where they are alike.", examples=["transcribe"])
    recipe: str | None = Field(description="That they were made by.", examples=["podcast"])
    jobs: dict[str, UUID] | None = Field(description="Ids of the jobs of a graph by their names.")
    metadata: dict[str, str]
    created_at: datetime
    trace_id: str = Field(description="Trace that its jobs' log lines carry.")

    @classmethod
    def of(cls, view: BatchView) -> Self:
        """The answer that shows this batch."""
        batch = view.batch
        return cls(
            **{name: getattr(batch, name) for name in ("id", "total", "kind", "recipe", "created_at", "trace_id")},
            state=view.state,
            progress=view.progress,
            counts=dict(view.counts),
            failures=view.failures,
            jobs=batch.names,
            metadata=batch.labels,
        )


class BatchPage(BaseModel):
    """Some batches, the newest first."""

    items: list[Batch]
    next_cursor: str | None = Field(description="Give it as `cursor` for the following page; null at the end.")


class RecipeInfo(BaseModel):
    """A graph that ships with Playhead."""

    name: str = Field(examples=["subtitles"])
    summary: str
    params: dict[str, Any] = Field(description="JSON Schema of `params`.")
    jobs: dict[str, dict[str, Any]] = Field(
        description="The graph: `$name` stands for a param, `$input` for the input."
    )

    @classmethod
    def of(cls, recipe: Recipe) -> Self:
        """The answer that shows this recipe."""
        params = recipe.params_model().model_json_schema()
        return cls(name=recipe.name, summary=recipe.summary, params=params, jobs=recipe.jobs)


class RecipeList(BaseModel):
    """Every recipe, by name."""

    items: list[RecipeInfo]
