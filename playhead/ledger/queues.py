"""Queues: paused, resumed, and how full they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.kind import QUEUES
from playhead.ledger.run import in_time, is_paused
from playhead.ledger.sweep import BATCH
from playhead.models import Job, QueueRow
from playhead.states import State
from playhead.tickets import issue


@dataclass(frozen=True)
class QueueStatus:
    """How full a queue is.

    Attributes:
        depth: jobs that could run now.
        oldest_age_seconds: how long the oldest of them has been waiting; 0 for an empty queue.
    """

    name: str
    depth: int
    running: int
    oldest_age_seconds: float
    paused_at: datetime | None


async def pause(session: AsyncSession, name: str) -> None:
    """Begin no job of this queue from now on; those running go on."""
    row = insert(QueueRow).values(name=name, paused_at=func.now())
    kept = func.coalesce(QueueRow.paused_at, func.now())
    await session.execute(row.on_conflict_do_update(index_elements=[QueueRow.name], set_={"paused_at": kept}))


async def resume(session: AsyncSession, name: str) -> None:
    """Go on. Tickets spent during the pause are replaced; one too many does no harm.

    Those of the most urgent jobs are, at once: a request waits for this. :func:`playhead.ledger.sweep.reissue_missing`
    brings the others.
    """
    row = insert(QueueRow).values(name=name, paused_at=None)
    await session.execute(row.on_conflict_do_update(index_elements=[QueueRow.name], set_={"paused_at": None}))
    waiting = select(Job.id).where(Job.queue == name, Job.state == State.QUEUED)
    urgent = waiting.order_by(Job.priority.desc(), Job.id).limit(BATCH)
    await issue(session, list(await session.scalars(urgent)))


async def has_work(session: AsyncSession, names: Sequence[str], kinds: Sequence[str]) -> bool:
    """Whether a job of these queues and kinds could run now."""
    ready = exists().where(
        Job.state == State.QUEUED, Job.queue.in_(names), Job.kind.in_(kinds), ~is_paused(), in_time()
    )
    return bool(await session.scalar(select(ready)))


async def statuses(session: AsyncSession) -> list[QueueStatus]:
    """Every queue, in the order of :data:`playhead.kind.QUEUES`."""
    age = func.extract("epoch", func.now() - func.min(func.coalesce(Job.queued_at, Job.created_at)))
    counted = select(Job.queue, Job.state, func.count().label("jobs"), age.label("age"))
    active = counted.where(Job.state.in_([State.QUEUED, State.RUNNING])).group_by(Job.queue, Job.state)
    rows = {(row.queue, row.state): row for row in await session.execute(active)}
    paused = {row.name: row.paused_at for row in await session.scalars(select(QueueRow))}
    return [
        QueueStatus(
            name=name,
            depth=rows[name, State.QUEUED].jobs if (name, State.QUEUED) in rows else 0,
            running=rows[name, State.RUNNING].jobs if (name, State.RUNNING) in rows else 0,
            oldest_age_seconds=float(rows[name, State.QUEUED].age) if (name, State.QUEUED) in rows else 0.0,
            paused_at=paused.get(name),
        )
        for name in QUEUES
    ]
