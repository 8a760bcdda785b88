"""The body of ``POST /api/v1/batches``: jobs that are alike, a graph, or a recipe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, create_model

from playhead.asking.graph import MAX_JOBS, GraphRequest, distinct
from playhead.asking.inputs import Branches, JobName, Strict, input_type, told_apart
from playhead.asking.job import KindRequest, discriminated, model_of, request_model
from playhead.asking.terms import MAX_SECONDS, Labels
from playhead.asking.text import check_storable
from playhead.kind import Kind
from playhead.recipes import Recipe
from playhead.states import Priority

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
    timeout_seconds: float | None = Field(
        None, gt=0, le=MAX_SECONDS, strict=True, description="Of each of its jobs: longest time of an attempt."
    )
    metadata: Labels = Field(default_factory=dict, description="Of the batch and of each of its jobs.")


BatchRequest = AlikeRequest | GraphRequest | RecipeRequest


def batch_request_type(kinds: Iterable[Kind[Any, Any]], job: Any, recipes: Mapping[str, Recipe]) -> Any:
    """The type of a body: ``inputs`` for jobs that are alike, ``jobs`` for a graph, ``recipe`` for one that ships."""
    return Annotated[told_apart(_branches(kinds, job, recipes)), BeforeValidator(_storable)]


def work_request_type(kinds: Sequence[Kind[Any, Any]], job: Any, recipes: Mapping[str, Recipe]) -> Any:
    """The type of a body that may be a batch's or, with an ``input`` alone, that of a single job."""
    single = (request_model(kinds), '{"kind": ..., "input": ...}')
    return Annotated[told_apart({**_branches(kinds, job, recipes), "input": single}), BeforeValidator(_storable)]


def _branches(kinds: Iterable[Kind[Any, Any]], job: Any, recipes: Mapping[str, Recipe]) -> Branches:
    graph: Any = Annotated[dict[JobName, job], Field(min_length=1, max_length=MAX_JOBS), AfterValidator(distinct)]
    alike = [model_of(kind, AlikeRequest, "Batch", inputs=(_inputs(kind), ...)) for kind in kinds]
    branches: dict[str, tuple[Any, str]] = {
        "inputs": (discriminated(alike, "kind"), '{"kind": ..., "inputs": [...]}'),
        "jobs": (create_model("GraphBatch", __base__=GraphRequest, jobs=(graph, ...)), '{"jobs": {name: job}}'),
    }
    if recipes:
        cooked = discriminated([_recipe_model(recipe) for recipe in recipes.values()], "recipe")
        branches["recipe"] = (cooked, '{"recipe": ..., "input": ...}')
    return branches


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
