"""What is kept no longer: expired files, old jobs, workers that are gone. Their bytes go by :mod:`.clearing`."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.ledger.locks import detach, free_batch
from playhead.models import Batch, File, Job, WorkerRow
from playhead.states import TERMINAL

BATCH = 500
CASCADING = 20
"""Where much goes with each row: a job's thousands of events, or for a worker a look at every job.

A batch that takes longer than the housekeeping's patience is undone, and would be tried again for ever.
"""


async def drop_expired_files(session: AsyncSession) -> int:
    """Forget the files whose time is over. Gives how many."""
    late = free_batch(select(File.id).where(File.expires_at <= func.now()), BATCH)
    gone = delete(File).where(File.id == late.c.id).returning(File.id)
    return len((await session.scalars(gone)).all())


async def drop_old_jobs(session: AsyncSession, kept_seconds: float) -> int:
    """Forget the jobs that ended long ago. Gives how many; 0 seconds keeps all."""
    if not kept_seconds:
        return 0
    old = (Job.finished_at < func.now() - timedelta(seconds=kept_seconds)) & Job.state.in_(TERMINAL)
    batch = list(await session.scalars(select(Job.id).where(old).limit(CASCADING).with_for_update(skip_locked=True)))
    await detach(session, batch)
    await session.execute(delete(Job).where(Job.id.in_(batch)))
    return len(batch)


async def drop_old_batches(session: AsyncSession, kept_seconds: float) -> int:
    """Forget the batches that were made long ago and whose children are all forgotten. Gives how many."""
    if not kept_seconds:
        return 0
    old = Batch.created_at < func.now() - timedelta(seconds=kept_seconds)
    batch = free_batch(select(Batch.id).where(old, ~exists().where(Job.parent_id == Batch.id)), BATCH)
    gone = delete(Batch).where(Batch.id == batch.c.id).returning(Batch.id)
    return len((await session.scalars(gone)).all())


async def drop_old_workers(session: AsyncSession) -> int:
    """Forget the workers that were last heard of a day ago and hold nothing. Gives how many."""
    old = WorkerRow.heartbeat_at < func.now() - timedelta(days=1)
    idle = select(WorkerRow.id).where(old, ~exists().where(Job.worker_id == WorkerRow.id))
    batch = free_batch(idle, CASCADING)
    gone = delete(WorkerRow).where(WorkerRow.id == batch.c.id).returning(WorkerRow.id)
    return len((await session.scalars(gone)).all())
