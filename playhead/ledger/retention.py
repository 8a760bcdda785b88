"""What is kept no longer: expired files, old jobs, and bytes that nothing points at.

Bytes go in three steps, each of which may be the last before a crash: their row is doomed, the bytes are deleted,
the row is deleted. Whoever wants to point at doomed bytes is told to store them again
(:func:`playhead.ledger.files.keep_blobs`), so no row ever points at bytes that are not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.ledger.dependents import detach
from playhead.models import Blob, File, Job, Output, WorkerRow
from playhead.states import TERMINAL, State

BATCH = 500


async def drop_expired_files(session: AsyncSession) -> int:
    """Forget the files whose time is over. Gives how many."""
    late = select(File.id).where(File.expires_at <= func.now()).limit(BATCH).with_for_update(skip_locked=True)
    return len((await session.scalars(delete(File).where(File.id.in_(late)).returning(File.id))).all())


async def drop_old_jobs(session: AsyncSession, kept_seconds: float) -> int:
    """Forget the jobs that ended long ago. Gives how many; 0 seconds keeps all."""
    if not kept_seconds:
        return 0
    old = (Job.finished_at < func.now() - timedelta(seconds=kept_seconds)) & Job.state.in_(TERMINAL)
    batch = list(await session.scalars(select(Job.id).where(old).limit(BATCH).with_for_update(skip_locked=True)))
    await detach(session, batch)
    await session.execute(delete(Job).where(Job.id.in_(batch)))
    return len(batch)


async def drop_old_workers(session: AsyncSession) -> int:
    """Forget the workers that were last heard of a day ago and hold nothing. Gives how many."""
    old = WorkerRow.heartbeat_at < func.now() - timedelta(days=1)
    idle = select(WorkerRow.id).where(old, ~exists().where(Job.worker_id == WorkerRow.id))
    batch = idle.limit(BATCH).with_for_update(skip_locked=True)
    return len((await session.scalars(delete(WorkerRow).where(WorkerRow.id.in_(batch)).returning(WorkerRow.id))).all())


async def doom_orphans(session: AsyncSession, idle_seconds: float) -> list[str]:
    """Doom the bytes that nothing has pointed at for this long; gives their sha256, those doomed earlier included.

    A job that may yet run, or be retried, keeps its input.
    """
    needed = (
        exists().where(File.sha256 == Blob.sha256)
        | exists().where(Output.sha256 == Blob.sha256)
        | exists().where(Job.input_sha256 == Blob.sha256, Job.state != State.SUCCEEDED)
    )
    idle = Blob.touched_at < func.now() - timedelta(seconds=idle_seconds)
    batch = select(Blob.sha256).where(Blob.deleting | (idle & ~needed)).limit(BATCH).with_for_update(skip_locked=True)
    doomed = update(Blob).where(Blob.sha256.in_(batch)).values(deleting=True).returning(Blob.sha256)
    return list(await session.scalars(doomed.execution_options(synchronize_session=False)))


async def doom_strangers(session: AsyncSession, sha256s: Sequence[str]) -> list[str]:
    """Doom stored bytes that have no row at all, as a crash between storing and writing down leaves them."""
    if not sha256s:
        return []
    rows = [{"sha256": sha256, "size_bytes": 0, "deleting": True} for sha256 in sha256s]
    return list(await session.scalars(insert(Blob).values(rows).on_conflict_do_nothing().returning(Blob.sha256)))


async def bury(session: AsyncSession, sha256s: Sequence[str]) -> None:
    """Forget doomed bytes that are now deleted."""
    await session.execute(delete(Blob).where(Blob.sha256.in_(sha256s), Blob.deleting))
