"""Bytes that nothing points at any more, cleared away in three steps.

Their row is doomed, the bytes are deleted, the row is deleted; each step may be the last before a crash. No row ever
points at bytes that are not there, because

- no row may point at doomed bytes (:func:`playhead.ledger.files.keep_blobs`),
- a doom is a hold for a time: nobody else clears the same bytes away meanwhile, and whoever doomed them removes
  nothing once that time is over,
- bytes that were stored before they were deleted, and written down after their row was, are missed by whoever writes
  them down, because he looks for them while he holds their row (:meth:`playhead.storage.Storage.confirm`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, exists, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.ledger.locks import free_batch
from playhead.models import Blob, File, Job, JobInput, Output
from playhead.states import State

BATCH = 100
HOLD_SECONDS = 180.0
"""How long a doom holds. What was doomed by a process that died may then be cleared away, or pointed at, again."""

Doomed = Mapping[str, datetime]
"""The sha256 of doomed bytes, and when they were doomed: by that a doom is told from a later one."""


def doom_is_over() -> ColumnElement[bool]:
    """True of the row of bytes whose doom, if it was one, holds no longer."""
    return Blob.touched_at < func.now() - timedelta(seconds=HOLD_SECONDS)


async def doom_orphans(session: AsyncSession, idle_seconds: float) -> Doomed:
    """Doom bytes that nothing has pointed at for this long, and those whom a process that died has doomed.

    A job that may yet run, or be retried, keeps its input.
    """
    needed = (
        exists().where(File.sha256 == Blob.sha256)
        | exists().where(Output.sha256 == Blob.sha256)
        | exists().where(Job.input_sha256 == Blob.sha256, Job.state != State.SUCCEEDED)
        | exists().where(JobInput.sha256 == Blob.sha256, JobInput.job_id == Job.id, Job.state != State.SUCCEEDED)
    )
    idle = ~Blob.deleting & (Blob.touched_at < func.now() - timedelta(seconds=idle_seconds)) & ~needed
    left = Blob.deleting & doom_is_over()
    batch = free_batch(select(Blob.sha256).where(idle | left), BATCH)
    doomed = update(Blob).where(Blob.sha256 == batch.c.sha256).values(deleting=True, touched_at=func.now())
    rows = await session.execute(
        doomed.returning(Blob.sha256, Blob.touched_at).execution_options(synchronize_session=False)
    )
    return dict(rows.all())


async def doom_strangers(session: AsyncSession, sha256s: Sequence[str]) -> Doomed:
    """Doom stored bytes that have no row at all, as a crash between storing and writing down leaves them."""
    if not sha256s:
        return {}
    # Ordered, as whoever keeps several blobs does it: two of them wait for each other instead of for ever.
    rows = [{"sha256": sha256, "size_bytes": 0, "deleting": True} for sha256 in sorted(sha256s)]
    doomed = insert(Blob).values(rows).on_conflict_do_nothing().returning(Blob.sha256, Blob.touched_at)
    return dict((await session.execute(doomed)).all())


async def bury(session: AsyncSession, gone: Doomed) -> None:
    """Forget doomed bytes that are now deleted, unless their doom is over and they were kept or doomed anew."""
    mine = select(Blob.sha256).where(tuple_(Blob.sha256, Blob.touched_at).in_(list(gone.items())), Blob.deleting)
    await session.execute(delete(Blob).where(Blob.sha256.in_(mine.order_by(Blob.sha256).with_for_update())))
