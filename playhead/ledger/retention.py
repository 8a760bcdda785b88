"""What is kept no longer: expired files, old jobs, workers that are gone. Their bytes go by :mod:`.clearing`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, TextClause, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.ledger.locks import detach, free_batch
from playhead.models import Batch, File, Job, WorkerRow
from playhead.states import TERMINAL

BATCH = 500
CASCADING = 20
"""Jobs at once: much goes with each, its thousands of events.

A batch that takes longer than the housekeeping's patience is undone, and would be tried again for ever.
"""


async def drop_expired_files(session: AsyncSession) -> int:
    """Forget the files whose time is over. Gives how many."""
    late = free_batch(select(File.id).where(File.expires_at <= func.now()), BATCH)
    gone = delete(File).where(File.id == late.c.id).returning(File.id)
    return len((await session.scalars(gone)).all())


async def drop_old_jobs(session: AsyncSession, kept_seconds: float) -> int:
    """Forget the jobs in no batch that ended long ago. Gives how many; 0 seconds keeps all."""
    if not kept_seconds:
        return 0
    before = func.now() - timedelta(seconds=kept_seconds)
    batch = list(await session.scalars(_oldest_jobs(before)))
    await detach(session, batch)
    await session.execute(delete(Job).where(Job.id.in_(batch)))
    return len(batch)


def _oldest_jobs(before: ColumnElement[Any] | TextClause) -> Select[UUID]:
    """Some in no batch that nobody holds, and that ended before this time."""
    old = select(Job.id).where(Job.finished_at < before, Job.state.in_(TERMINAL), Job.parent_id.is_(None))
    # In this order by its index: where batches that go on keep many old jobs, all jobs would be read for the few.
    return old.order_by(Job.finished_at).limit(CASCADING).with_for_update(skip_locked=True)


async def drop_old_batches(session: AsyncSession, kept_seconds: float) -> int:
    """Forget a batch whose children all ended long ago. Gives how many: one or none; 0 seconds keeps all.

    It goes in a moment, however much its children have to take along: they are in no batch from then on, and
    :func:`drop_old_jobs` forgets a few of them at a time.
    """
    if not kept_seconds:
        return 0
    before = func.now() - timedelta(seconds=kept_seconds)
    batch_id = await session.scalar(_oldest_batch(before))
    if batch_id is None or not await _release_children(session, batch_id, before):
        return 0
    await session.execute(delete(Batch).where(Batch.id == batch_id))
    return 1


def _oldest_batch(before: ColumnElement[Any] | TextClause) -> Select[UUID]:
    """One that nobody holds, all of whose children ended before this time."""
    late = exists().where(Job.parent_id == Batch.id, or_(Job.finished_at.is_(None), Job.finished_at >= before))
    old = select(Batch.id).where(Batch.created_at < before, ~late)
    return old.order_by(Batch.created_at).limit(1).with_for_update(skip_locked=True)


async def _release_children(session: AsyncSession, batch_id: UUID, before: ColumnElement[Any]) -> bool:
    """Let them be in no batch; none of them, where somebody holds one, or has just given one another try."""
    theirs = Job.parent_id == batch_id
    free = select(Job.id).where(theirs, Job.finished_at < before).with_for_update(skip_locked=True, key_share=True)
    held = (await session.scalars(free)).all()
    if len(held) != await session.scalar(select(func.count()).select_from(Job).where(theirs)):
        return False
    await session.execute(update(Job).where(theirs).values(parent_id=None))
    return True


async def drop_old_workers(session: AsyncSession) -> int:
    """Forget the workers that were last heard of a day ago and hold nothing. Gives how many."""
    old = WorkerRow.heartbeat_at < func.now() - timedelta(days=1)
    idle = select(WorkerRow.id).where(old, ~exists().where(Job.worker_id == WorkerRow.id))
    batch = free_batch(idle, BATCH)
    gone = delete(WorkerRow).where(WorkerRow.id == batch.c.id).returning(WorkerRow.id)
    return len((await session.scalars(gone)).all())
