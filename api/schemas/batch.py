"""What is told of a batch."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, Field

from api.schemas.listing import NextCursor
from playhead.ledger.batches.read import BatchView
from playhead.recipes import Recipe
from playhead.states import State


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
    next_cursor: NextCursor


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
