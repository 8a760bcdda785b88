"""What the ledger tells of each job, as the checker reads it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from playhead.states import State

BATCH = 500


@dataclass(frozen=True, slots=True)
class Event:
    """A line of the history.

    Attributes:
        at: POSIX time.
        state, code, of_attempt: of ``state`` events: the state, the error's code and the attempt that it ended.
        item: of other events: their ``id``, which counts from 0 or 1 within the job.
    """

    id: int
    type: str
    attempt: int
    lease: int | None
    at: float
    state: State | None = None
    code: str | None = None
    of_attempt: int | None = None
    item: int | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """A file that the job made."""

    name: str
    sha256: str
    size_bytes: int


@dataclass(slots=True)
class Run:
    """One claim of a job and what came of it.

    Attributes:
        end: the state event that ended it; None while it runs.
        items: ids of what it told, in order.
    """

    lease: int
    attempt: int
    at: float
    items: list[int] = field(default_factory=list)
    end: Event | None = None

    @property
    def fate(self) -> str:
        """``succeeded``, ``failed``, ``retried``, ``given back``, ``lost``, ``canceled`` or ``running``."""
        if self.end is None:
            return "running"
        if self.end.code == "worker_lost" and self.end.of_attempt == self.attempt == self.end.attempt:
            return "lost"
        if self.end.state is State.QUEUED:
            return "given back"
        return "retried" if self.end.state is State.WAITING else str(self.end.state)

    @property
    def code(self) -> str | None:
        """Of the error that the job had when the run ended."""
        return self.end.code if self.end else None

    @property
    def ended_itself(self) -> bool:
        """Whether the run wrote its own end, and with it its cost."""
        return self.fate in {"succeeded", "failed", "retried", "given back"}


@dataclass(slots=True)
class Job:
    """A row of the ledger with all that belongs to it. Times are POSIX times."""

    id: UUID
    key: str | None
    kind: str
    queue: str
    state: State
    attempt: int
    max_attempts: int
    lease: int | None
    code: str | None
    sha256: str | None
    """Of the result, or of its text."""
    gpu_seconds: float
    audio_seconds: float
    started_at: float | None
    expires_at: float | None
    kept_by: int | None
    """The lease under which its checkpoint was stored; None if there is none."""
    outputs: list[Output]
    events: list[Event]

    @property
    def states(self) -> list[Event]:
        """The steps, in order."""
        return [event for event in self.events if event.state is not None]

    def runs(self) -> list[Run]:
        """Every claim, in order, with what was told under its lease while it held the job."""
        runs: list[Run] = []
        for event in self.events:
            open_ = runs[-1] if runs and runs[-1].end is None else None
            if event.state is State.RUNNING:
                runs.append(Run(event.lease or 0, event.attempt, event.at))
            elif event.state is not None and open_:
                open_.end = event
            elif open_ and event.lease == open_.lease and event.item is not None:
                open_.items.append(event.item)
        return runs


_JOBS = """
    SELECT id, coalesce(idempotency_key, metadata ->> 'key') AS key,
           kind, queue, state, attempt, max_attempts, lease, error ->> 'code' AS code,
           coalesce(result ->> 'sha256', result ->> 'text') AS sha256, gpu_seconds, audio_seconds,
           started_at, expires_at, (SELECT lease FROM checkpoints WHERE job_id = jobs.id) AS kept_by
    FROM jobs ORDER BY id
"""
_EVENTS = """
    SELECT id, job_id, type, attempt, lease, extract(epoch FROM at)::float8 AS at, data ->> 'state' AS state,
           data -> 'error' ->> 'code' AS code, (data -> 'error' ->> 'attempt')::int AS of_attempt,
           CASE WHEN type <> 'state' THEN (data ->> 'id')::int END AS item
    FROM job_events WHERE job_id = ANY($1) ORDER BY job_id, id
"""
_BYTES = """
    SELECT sha256, size_bytes FROM blobs WHERE NOT deleting
    UNION SELECT sha256, size_bytes FROM outputs
    UNION SELECT sha256, size_bytes FROM files
"""
_OUTPUTS = "SELECT job_id, name, sha256, size_bytes FROM outputs WHERE job_id = ANY($1) ORDER BY job_id, name"


async def read(connection: asyncpg.Connection) -> AsyncIterator[Job]:
    """Every job, the oldest first, in bounded memory."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        batch: list[Job] = []
        async for row in connection.cursor(_JOBS, prefetch=BATCH):
            batch.append(_job(dict(row)))
            if len(batch) == BATCH:
                for job in await _filled(connection, batch):
                    yield job
                batch = []
        for job in await _filled(connection, batch):
            yield job


async def read_bytes(connection: asyncpg.Connection) -> list[tuple[str, int]]:
    """The sha256 and the size of all that rows point at, whatever the rows of the blobs say of it."""
    return [(row["sha256"], row["size_bytes"]) for row in await connection.fetch(_BYTES)]


async def _filled(connection: asyncpg.Connection, batch: Sequence[Job]) -> Sequence[Job]:
    by_id = {job.id: job for job in batch}
    for row in await connection.fetch(_EVENTS, list(by_id)):
        told = dict(row)
        told["state"] = State(told["state"]) if told["type"] == "state" else None
        by_id[told.pop("job_id")].events.append(Event(**told))
    for row in await connection.fetch(_OUTPUTS, list(by_id)):
        by_id[row["job_id"]].outputs.append(Output(row["name"], row["sha256"], row["size_bytes"]))
    return batch


def _job(row: dict[str, Any]) -> Job:
    row["state"] = State(row["state"])
    plain: dict[str, Any] = {
        name: value.timestamp() if isinstance(value, datetime) else value for name, value in row.items()
    }
    return Job(**plain, outputs=[], events=[])
