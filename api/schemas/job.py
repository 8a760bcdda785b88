from __future__ import annotations

from datetime import datetime
from typing import Any, Self
from urllib.parse import quote
from uuid import UUID

from pydantic import BaseModel, Field

from api.schemas.listing import NextCursor
from playhead.ledger.read import POSITION_LIMIT, JobView, realtime_factor
from playhead.states import Priority, State

SHOWN_CHARACTERS = 200
"""Of a text that is a job's input, in lists."""


class Output(BaseModel):
    """A file that a job made."""

    name: str = Field(examples=["transcript.srt"])
    media_type: str = Field(examples=["application/x-subrip"])
    size_bytes: int
    url: str = Field(description="Path to download it from.")


class JobError(BaseModel):
    """Why a job ended without success, or why its last attempt did."""

    code: str = Field(description="Stable name to match on.", examples=["media_unreadable"])
    message: str = Field(description="What went wrong and what to do.")
    attempt: int = Field(description="Attempt that it ended.")


class Job(BaseModel):
    """A job as it stands. Times are RFC 3339 in UTC, durations seconds."""

    id: UUID = Field(description="UUIDv7: later jobs have larger ids.")
    kind: str = Field(examples=["transcribe"])
    state: State = Field(
        description="`waiting` for a dependency, a due time or another job that does the same, `queued`, `running`; "
        "then `succeeded`, `failed` (kept; can be retried), `canceled`, `skipped` or `expired` (not begun in time)."
    )
    progress: float = Field(description="How far the work is, 0 to 1.")
    stage: str | None = Field(description="What it is doing just now.", examples=["transcribing"])
    eta_seconds: float | None = Field(description="When it will be done, as far as can be told.")
    position: int | None = Field(
        description=f"Place in its queue, from 1, counted up to {POSITION_LIMIT}; null unless `queued`, and in lists."
    )
    params: dict[str, Any] = Field(description="Parameters in force, defaults filled in.")
    input: dict[str, Any] = Field(description="What it works on, as it was given; in lists, long texts are cut.")
    outputs: list[Output]
    result: dict[str, Any] | None = Field(
        description="What the kind's `result` schema says (see `/api/v1/kinds`); null until `succeeded`, and in lists."
    )
    error: JobError | None
    attempt: int = Field(description="Attempts begun so far; one that was given back in good order is not counted.")
    max_attempts: int
    timeout_seconds: float | None = Field(description="Longest time of an attempt; null where nothing bounds it.")
    priority: Priority
    queue: str
    parent_id: UUID | None
    after: list[UUID] = Field(description="Jobs that had to succeed first.")
    metadata: dict[str, str]
    created_at: datetime
    started_at: datetime | None = Field(description="When its last attempt began.")
    finished_at: datetime | None
    run_at: datetime | None = Field(description="Not before this time: as asked for, or the next attempt.")
    expires_at: datetime | None
    gpu_seconds: float = Field(description="Time of the device that it used, all attempts together.")
    audio_seconds: float = Field(description="Audio that it worked on, all attempts together.")
    run_seconds: float = Field(description="Time of its runs, from claim to end, all attempts together.")
    realtime_factor: float | None = Field(
        description="`run_seconds` per second of audio: below 1 is faster than it plays; null without audio."
    )
    input_tokens: int = Field(description="Tokens that language models read for it, all attempts together.")
    output_tokens: int = Field(description="Tokens that they wrote for it.")
    cached_from: UUID | None = Field(
        description="Job of yours that did the same work, and that its result was taken from; null if it was not. Such "
        "a job costs nothing."
    )
    trace_id: str = Field(description="Trace that its log lines carry.")

    @classmethod
    def of(cls, view: JobView, *, with_result: bool = True) -> Self:
        """The answer that shows this job."""
        job = view.job
        return cls(
            **{name: getattr(job, name) for name in _SAME},
            input=job.input if with_result else _shortened(job.input),
            result=job.result if with_result else None,
            state=State(job.state),
            priority=Priority.of(job.priority - job.base_priority),
            metadata=job.labels,
            error=JobError(**job.error) if job.error else None,
            position=view.position,
            realtime_factor=realtime_factor(job.run_seconds, job.audio_seconds),
            after=list(view.after),
            outputs=[
                Output(
                    name=made.name, media_type=made.media_type, size_bytes=made.size_bytes, url=_url(job.id, made.name)
                )
                for made in view.outputs
            ],
        )


class JobPage(BaseModel):
    """Some jobs, the newest first."""

    items: list[Job]
    next_cursor: NextCursor


_OTHERWISE = {
    "input",
    "result",
    "state",
    "priority",
    "metadata",
    "error",
    "position",
    "after",
    "outputs",
    "realtime_factor",
}
_SAME = tuple(name for name in Job.model_fields if name not in _OTHERWISE)


def _shortened(given: dict[str, Any]) -> dict[str, Any]:
    """An input whose texts are short: a page may show hundreds."""
    if "all" in given:
        return {"all": [_shortened(one) for one in given["all"]]}
    text = given.get("text", "")
    return given if len(text) <= SHOWN_CHARACTERS else {"text": f"{text[:SHOWN_CHARACTERS]}..."}


def _url(job_id: UUID, name: str) -> str:
    return f"/api/v1/jobs/{job_id}/outputs/{quote(name, safe='')}"
