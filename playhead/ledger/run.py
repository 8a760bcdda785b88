"""A run: one worker's hold on one job, proved by its lease."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Update, and_, exists, func, or_, update

from playhead.models import Job, QueueRow
from playhead.states import State

RELEASED: dict[str, Any] = {"lease": None, "worker_id": None, "eta_seconds": None, "follows": False}
"""What goes with the lease, however a run ends, or the wait for another job's: columns of the job's row."""


@dataclass(frozen=True)
class Run:
    """What a claim gives.

    Attributes:
        lease: the fencing token; it grows with every claim of any job.
        attempt: number of this attempt, from 1.
        shares: whether the result of another job that did the same work will do.
        timeout_seconds: the longest time that it may take; None where nothing bounds it.
        waited_seconds: from the time the job was runnable to its claim.
    """

    job_id: UUID
    owner_id: UUID
    kind: str
    queue: str
    params: dict[str, Any]
    input: dict[str, Any]
    input_sha256: str | None
    shares: bool
    priority: int
    lease: int
    attempt: int
    max_attempts: int
    timeout_seconds: float | None
    trace_id: str
    waited_seconds: float

    @property
    def last(self) -> bool:
        """Whether no attempt is left after this one."""
        return self.attempt >= self.max_attempts


def held(run: Run) -> ColumnElement[bool]:
    """The fence: true of the job's row while this run holds it."""
    return and_(Job.id == run.job_id, Job.lease == run.lease, Job.state == State.RUNNING)


def in_time() -> ColumnElement[bool]:
    """True of the row of a job that may still be begun; one that has begun in time may go on at any time."""
    return or_(Job.expires_at.is_(None), Job.expires_at > func.now(), Job.started_at.is_not(None))


def is_paused() -> ColumnElement[bool]:
    """True of the row of a job whose queue is paused: it may not be begun."""
    return exists().where(QueueRow.name == Job.queue, QueueRow.paused_at.is_not(None))


def change(run: Run) -> Update:
    """An update of the job's row that touches nothing once the run has lost it."""
    return update(Job).where(held(run)).execution_options(synchronize_session=False)
