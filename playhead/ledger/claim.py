"""Claim: a worker takes a job, or learns that there is nothing to take."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Executable, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.ledger.history import record_states
from playhead.ledger.run import Run, in_time, is_paused
from playhead.models import Job, lease_tokens
from playhead.states import State

_WAITED = func.extract("epoch", func.now() - func.coalesce(Job.queued_at, Job.created_at))

_CLAIMED = (
    Job.id.label("job_id"),
    Job.owner_id,
    Job.kind,
    Job.queue,
    Job.params,
    Job.input,
    Job.input_sha256,
    Job.shares,
    Job.priority,
    Job.lease,
    Job.attempt,
    Job.max_attempts,
    Job.timeout_seconds,
    Job.trace_id,
    _WAITED.label("waited_seconds"),
)


async def claim(session: AsyncSession, job_id: UUID, worker_id: UUID) -> Run | None:
    """Take the job for this worker and count the attempt.

    None where there is nothing to take: the job is gone, held, ended, past its ``expires_at``, or its queue is
    paused. A paused queue's jobs get new tickets when it is resumed.
    """
    taken = (
        update(Job)
        .where(Job.id == job_id, Job.state == State.QUEUED, ~is_paused(), in_time())
        .values(
            state=State.RUNNING,
            lease=lease_tokens.next_value(),
            worker_id=worker_id,
            attempt=Job.attempt + 1,
            started_at=func.now(),
            progress=0,
            stage=None,
            eta_seconds=None,
        )
        .returning(*_CLAIMED)
        .execution_options(synchronize_session=False)
    )
    run = await _run(session, taken)
    if run is not None:
        await record_states(session, [job_id])
    return run


async def find_claimed(session: AsyncSession, job_id: UUID, worker_id: UUID) -> Run | None:
    """What this worker was answered when it claimed the job, or should have been; None if it does not hold it.

    For one whose claim was committed, but whose answer was lost. It must know that it does not run the job already.
    """
    return await _run(
        session, select(*_CLAIMED).where(Job.id == job_id, Job.worker_id == worker_id, Job.state == State.RUNNING)
    )


async def _run(session: AsyncSession, found: Executable) -> Run | None:
    row = (await session.execute(found)).mappings().one_or_none()
    return Run(**{**row, "waited_seconds": float(row["waited_seconds"])}) if row else None
