"""What a person may do to a job: cancel, skip, retry and delete it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.errors import NotFoundError, StateConflictError
from playhead.ledger.dependents import abandon, begin, require_open, revive
from playhead.ledger.history import record_states
from playhead.ledger.locks import detach
from playhead.ledger.quarantine import require_retryable
from playhead.ledger.run import RELEASED
from playhead.ledger.sharing.landing import pass_on
from playhead.models import Job
from playhead.states import CANCEL, DELETE, RETRY, SKIP, State, Transition

ANEW: dict[str, Any] = {
    "state": State.WAITING,
    "attempt": 0,
    "error": None,
    "finished_at": None,
    "run_at": None,
    "progress": 0,
    "stage": None,
    "expires_at": None,
}
"""What a retry makes of a job that ended: columns of its row."""


async def cancel(session: AsyncSession, owner_id: UUID, job_id: UUID) -> None:
    """End the job at once, running or not. A run loses its lease with this commit and is told by NOTIFY.

    Raises:
        NotFoundError: the owner has no such job.
        StateConflictError: it has ended already.
    """
    await _end(session, owner_id, job_id, CANCEL, {"code": "canceled", "message": "canceled on request"})


async def skip(session: AsyncSession, owner_id: UUID, job_id: UUID, reason: str | None) -> None:
    """Leave out a job that has not begun.

    Raises:
        NotFoundError: the owner has no such job.
        StateConflictError: it has begun or ended.
    """
    error = {"code": "skipped", "message": reason or "skipped on request"}
    await _end(session, owner_id, job_id, SKIP, error)


async def retry(session: AsyncSession, owner_id: UUID, job_id: UUID) -> None:
    """Give a job that ended without success all its attempts anew; it goes on from its checkpoint.

    Raises:
        NotFoundError: the owner has no such job.
        StateConflictError: it has not ended, or has succeeded, or can never begin: what it waits for did not succeed,
            or its input is in quarantine.
    """
    job = await _locked(session, owner_id, job_id)
    if job.state not in RETRY.before:
        raise StateConflictError(f"the job is {job.state}: only one that ended without success can be retried")
    await require_open(session, job)
    await require_retryable(session, job)
    await session.execute(update(Job).where(Job.id == job_id).values(**ANEW))
    await revive(session, [job_id])
    await begin(session, [job_id])


async def remove(session: AsyncSession, owner_id: UUID, job_id: UUID) -> None:
    """Forget a job that has ended, with its outputs and its history.

    Raises:
        NotFoundError: the owner has no such job.
        StateConflictError: it has not ended, or is in a batch: what that tells follows from all of its jobs.
    """
    job = await _locked(session, owner_id, job_id)
    if job.parent_id is not None:
        raise StateConflictError(
            f"the job is in batch {job.parent_id}: delete the batch, which takes all its jobs along"
        )
    if job.state not in DELETE.before:
        raise StateConflictError(f"the job is {job.state}: cancel it first")
    await detach(session, [job_id])
    await session.execute(delete(Job).where(Job.id == job_id))


async def _end(session: AsyncSession, owner_id: UUID, job_id: UUID, step: Transition, error: dict[str, Any]) -> None:
    job = await _locked(session, owner_id, job_id)
    if job.state not in step.before:
        raise StateConflictError(f"the job is {job.state}: it can no longer become {step.after}")
    values = RELEASED | {"state": step.after, "finished_at": func.now(), "error": error | {"attempt": job.attempt}}
    await session.execute(update(Job).where(Job.id == job_id).values(**values))
    await record_states(session, [job_id])
    await abandon(session, [job_id])
    await pass_on(session, [job_id])


async def _locked(session: AsyncSession, owner_id: UUID, job_id: UUID) -> Job:
    mine = select(Job).where(Job.id == job_id, Job.owner_id == owner_id).with_for_update()
    job = await session.scalar(mine)
    if job is None:
        raise NotFoundError(f"there is no job {job_id}")
    return job
