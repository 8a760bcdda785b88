"""Workers: who is alive, and which runs they still hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from playhead import __version__
from playhead.models import Job, WorkerRow
from playhead.states import State
from playhead.waking import wishing


async def arrive(
    session: AsyncSession,
    worker_id: UUID,
    *,
    name: str,
    device: str,
    queues: list[str],
    concurrency: dict[str, Any],
    kinds: list[str] | None = None,
) -> None:
    """A worker starts. It takes jobs of these ``kinds``, or of all.

    Said again, it changes nothing: who got no answer cannot know that it was heard.
    """
    about: dict[str, Any] = {"name": name, "device": device, "queues": queues, "kinds": kinds}
    row = insert(WorkerRow).values(id=worker_id, **about, concurrency=concurrency, version=__version__)
    await session.execute(row.on_conflict_do_nothing(index_elements=[WorkerRow.id]))


async def beat(session: AsyncSession, worker_id: UUID, metrics: str) -> dict[int, UUID] | None:
    """The worker lives. Gives the leases that it holds by the ledger, with their jobs: whatever else it runs is void.

    None where the ledger knows no such worker: it was forgotten after a long silence.
    """
    alive = {"heartbeat_at": func.now(), "metrics": metrics, "stopped_at": None}
    known = update(WorkerRow).where(WorkerRow.id == worker_id).values(**alive).returning(WorkerRow.id)
    if (await session.execute(known)).one_or_none() is None:
        return None
    held = select(Job.lease, Job.id).where(Job.worker_id == worker_id, Job.state == State.RUNNING)
    return {lease: job_id for lease, job_id in await session.execute(held) if lease is not None}


async def leave(session: AsyncSession, worker_id: UUID) -> None:
    """The worker has ended as it should; anything it still holds is rescued at once.

    What it gave back, or was submitted while it went, may have nobody now: then somebody is to be woken.
    """
    await session.execute(update(WorkerRow).where(WorkerRow.id == worker_id).values(stopped_at=func.now()))
    await wishing.look(session)


async def living(session: AsyncSession, lost_after_seconds: float) -> Sequence[WorkerRow]:
    """The workers that are alive, the oldest first."""
    heard = WorkerRow.heartbeat_at > func.now() - timedelta(seconds=lost_after_seconds)
    alive = select(WorkerRow).where(heard, WorkerRow.stopped_at.is_(None)).order_by(WorkerRow.started_at)
    return (await session.scalars(alive)).all()
