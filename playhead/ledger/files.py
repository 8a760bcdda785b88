"""Files that owners uploaded, and the stored bytes that rows point at."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from sqlalchemy import TEXT, BigInteger, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningInsert

from playhead.database import Executor, plainly
from playhead.errors import InputMissingError, NotFoundError, StorageError
from playhead.identity import new_id
from playhead.ledger.clearing import doom_is_over
from playhead.models import Blob, File, Output
from playhead.storage import Blob as Stored


def _keeping() -> ReturningInsert[tuple[str]]:
    given = func.unnest(bindparam("sha256s", type_=ARRAY(TEXT)), bindparam("sizes", type_=ARRAY(BigInteger)))
    stored = given.table_valued("sha256", "size_bytes", name="stored").render_derived()
    # Ordered, so that two transactions that keep the same blobs wait for each other instead of for ever.
    rows = select(stored.c.sha256, stored.c.size_bytes).order_by(stored.c.sha256)
    row = insert(Blob).from_select(["sha256", "size_bytes"], rows)
    now = {"touched_at": func.now(), "deleting": False, "size_bytes": row.excluded.size_bytes}
    free = ~Blob.deleting | doom_is_over()
    return row.on_conflict_do_update(index_elements=[Blob.sha256], set_=now, where=free).returning(Blob.sha256)


_KEEP = _keeping()


async def keep_blobs(session: AsyncSession, stored: Collection[Stored]) -> None:
    """Write down bytes that are safely stored, so that rows of this transaction may point at them.

    They may have been cleared away since they were stored. So the same transaction makes sure of them
    (:meth:`playhead.storage.Storage.confirm`) after this and before its commit: from here on they stay.

    Raises:
        StorageError: the same bytes are just being cleared away; storing them again in a moment succeeds.
    """
    sizes = {blob.sha256: blob.size_bytes for blob in stored}
    given = {"sha256s": list(sizes), "sizes": list(sizes.values())}
    kept = (await plainly(session, _KEEP, given)).all() if sizes else []
    if len(kept) < len(sizes):
        raise StorageError("the same bytes are just being cleared away: try again", retry_after_seconds=1)


async def add_file(
    session: AsyncSession,
    *,
    owner_id: UUID,
    blob: Stored,
    name: str | None,
    media_type: str,
    duration_seconds: float | None,
    expires_in_seconds: float,
) -> File:
    """Write down an upload. ``expires_in_seconds`` of 0 keeps it for ever."""
    await keep_blobs(session, [blob])
    lifetime = timedelta(seconds=expires_in_seconds)
    row = insert(File).values(
        id=new_id(),
        owner_id=owner_id,
        sha256=blob.sha256,
        size_bytes=blob.size_bytes,
        name=name,
        media_type=media_type,
        duration_seconds=duration_seconds,
        expires_at=func.now() + lifetime if lifetime else None,
    )
    return (await session.scalars(row.returning(File))).one()


async def find_file(session: AsyncSession, owner_id: UUID, file_id: UUID) -> File:
    """One of the owner's files.

    Raises:
        NotFoundError: there is none, or its time is over.
    """
    mine = select(File).where(File.id == file_id, File.owner_id == owner_id)
    file = await session.scalar(mine.where(File.expires_at.is_(None) | (File.expires_at > func.now())))
    if file is None:
        raise NotFoundError(f"there is no file {file_id}: it was deleted, or its time is over")
    return file


async def remove_file(session: AsyncSession, owner_id: UUID, file_id: UUID) -> None:
    """Forget a file. Jobs that have not succeeded keep its bytes.

    Raises:
        NotFoundError: the owner has no such file.
    """
    gone = delete(File).where(File.id == file_id, File.owner_id == owner_id).returning(File.id)
    if await session.scalar(gone) is None:
        raise NotFoundError(f"there is no file {file_id}")


async def output_sha256(session: Executor, job_id: UUID, name: str) -> str:
    """The bytes of what a job made.

    Raises:
        InputMissingError: it made nothing of this name.
    """
    sha256 = await session.scalar(select(Output.sha256).where(Output.job_id == job_id, Output.name == name))
    if sha256 is None:
        raise InputMissingError(f"job {job_id} made no output {name!r}", field="input.output")
    return sha256
