"""Claim: a worker takes a job, or learns that there is nothing to take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, Select, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.database import Executor
from playhead.ledger.history import TOLD_OF, recording
from playhead.ledger.locks import IDS, among
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


def _claiming(*, waiting: bool) -> Select[*tuple[Any, ...]]:
    """Takes those of the jobs ``ids`` that can be taken; whether it waits for those that somebody holds."""
    ready = select(Job.id).where(among(Job.id, IDS))
    ready = ready.where(Job.state == State.QUEUED, ~is_paused(), in_time())
    free = ready.with_for_update(of=Job, key_share=True, skip_locked=not waiting).cte("free")
    values = {
        "state": State.RUNNING,
        "lease": lease_tokens.next_value(),
        "worker_id": bindparam("worker_id"),
        "attempt": Job.attempt + 1,
        "started_at": func.now(),
        "progress": 0,
        "stage": None,
        "eta_seconds": None,
    }
    taking = update(Job).where(Job.id == free.c.id).values(**values)
    taken = taking.returning(*TOLD_OF, *(column for column in _CLAIMED if column.name not in _BOTH)).cte("taken")
    return recording(taken, *(taken.c[_BOTH.get(column.name, column.name)].label(column.name) for column in _CLAIMED))


_BOTH = {"job_id": "id", **{column.name: column.name for column in TOLD_OF}}
_ONE, _SEVERAL = _claiming(waiting=True), _claiming(waiting=False)


async def claim(session: AsyncSession, job_id: UUID, worker_id: UUID) -> Run | None:
    """Take the job for this worker and count the attempt.

    None where there is nothing to take: the job is gone, held, ended, past its ``expires_at``, or its queue is
    paused. A paused queue's jobs get new tickets when it is resumed.
    """
    runs = await _runs(session, _ONE, ids=[job_id], worker_id=worker_id)
    return runs[0] if runs else None


async def claim_free(session: Executor, job_ids: Sequence[UUID], worker_id: UUID) -> list[Run]:
    """Take those of these jobs that can be taken at once. Of the others :func:`claim` tells, one by one.

    For whoever takes several: it waits for none of them, so that none waits for another, or for ever.
    """
    return await _runs(session, _SEVERAL, ids=list(job_ids), worker_id=worker_id)


async def find_claimed(session: AsyncSession, job_id: UUID, worker_id: UUID) -> Run | None:
    """What this worker was answered when it claimed the job, or should have been; None if it does not hold it.

    For one whose claim was committed, but whose answer was lost. It must know that it does not run the job already.
    """
    held = select(*_CLAIMED).where(Job.id == job_id, Job.worker_id == worker_id, Job.state == State.RUNNING)
    runs = await _runs(session, held)
    return runs[0] if runs else None


async def _runs(session: Executor, found: Executable, **values: Any) -> list[Run]:
    rows = (await session.execute(found, values)).mappings()
    names = [column.name for column in _CLAIMED]
    return [
        Run(**{name: row[name] for name in names} | {"waited_seconds": float(row["waited_seconds"])}) for row in rows
    ]
