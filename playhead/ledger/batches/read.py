"""What is told of a batch. It follows from the states of its children, whatever moved them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.errors import NotFoundError
from playhead.models import Batch, Job, Output
from playhead.states import RETRY, TERMINAL, State

_ENDS = (State.SUCCEEDED, State.FAILED, State.EXPIRED, State.CANCELED, State.SKIPPED)
"""How a batch ended: the first of these that any of its children is in."""
FAILURES = RETRY.before - {State.SKIPPED}
"""What a retry of the batch begins anew. A skip is what a person decided."""


@dataclass(frozen=True)
class BatchView:
    """A batch as it stands.

    Attributes:
        counts: children by state; states without any are left out.
        state: of a job that has ended, once all children have; ``succeeded`` if any of them did.
        progress: mean of the children's, 0 to 1; one that has ended counts as done.
    """

    batch: Batch
    counts: Mapping[State, int]
    progress: float

    @property
    def failures(self) -> int:
        """How many children ended without success, but for those that a person left out."""
        return sum(count for state, count in self.counts.items() if state in FAILURES)

    @property
    def state(self) -> State:
        """The one state that tells most."""
        there = set(self.counts)
        if there <= TERMINAL:
            return next((state for state in _ENDS if state in there), State.SUCCEEDED)
        if there & (TERMINAL | {State.RUNNING}):
            return State.RUNNING
        return State.QUEUED if State.QUEUED in there else State.WAITING


@dataclass(frozen=True)
class BatchPage:
    """Some batches, the newest first. ``next_before`` is where the following page begins; None at the end."""

    views: Sequence[BatchView]
    next_before: UUID | None


async def find_batch(session: AsyncSession, owner_id: UUID, batch_id: UUID) -> BatchView:
    """One batch.

    Raises:
        NotFoundError: the owner has no such batch.
    """
    mine = select(Batch).where(Batch.id == batch_id, Batch.owner_id == owner_id)
    batch = await session.scalar(mine.execution_options(populate_existing=True))
    if batch is None:
        raise NotFoundError(f"there is no batch {batch_id}")
    return (await _views(session, [batch]))[0]


async def list_batches(session: AsyncSession, owner_id: UUID, *, limit: int, before: UUID | None = None) -> BatchPage:
    """A page of batches, the newest first. ``before`` is the ``next_before`` of the page before this one."""
    wanted = select(Batch).where(Batch.owner_id == owner_id)
    if before is not None:
        wanted = wanted.where(Batch.id < before)
    found = (await session.scalars(wanted.order_by(Batch.id.desc()).limit(limit + 1))).all()
    batches = found[:limit]
    return BatchPage(await _views(session, batches), batches[-1].id if len(found) > limit else None)


@dataclass(frozen=True)
class BatchOutput:
    """What a child made."""

    job_id: UUID
    finished_at: datetime
    output: Output


async def children(session: AsyncSession, batch_id: UUID) -> list[UUID]:
    """The children, in their order."""
    return list(await session.scalars(select(Job.id).where(Job.parent_id == batch_id).order_by(Job.id)))


async def outputs_after(
    session: AsyncSession, batch_id: UUID, after: tuple[UUID, str] | None, *, names: Sequence[str], limit: int
) -> list[BatchOutput]:
    """What the children made, in their order and by name: a page of it, after the job and name of the page before.

    With ``names`` only outputs of these names.
    """
    made = select(Output, Job.finished_at).join(Job, Job.id == Output.job_id).where(Job.parent_id == batch_id)
    if names:
        made = made.where(Output.name.in_(names))
    if after is not None:
        made = made.where(tuple_(Output.job_id, Output.name) > tuple_(*after))
    rows = await session.execute(made.order_by(Output.job_id, Output.name).limit(limit))
    return [BatchOutput(row.Output.job_id, row.finished_at, row.Output) for row in rows]


async def _views(session: AsyncSession, batches: Sequence[Batch]) -> list[BatchView]:
    counts: dict[UUID, dict[State, int]] = {batch.id: {} for batch in batches}
    under_way: dict[UUID, float] = {}
    for row in await session.execute(_tally([batch.id for batch in batches])):
        counts[row.parent_id][State(row.state)] = row.jobs
        under_way[row.parent_id] = row.done or 0.0
    return [BatchView(one, counts[one.id], _progress(counts[one.id], under_way.get(one.id, 0.0))) for one in batches]


def _tally(ids: Sequence[UUID]) -> Select[UUID, str, int, float | None]:
    """Of each of these batches the children in each state, and beside it how far those that run are together.

    One statement: a child that ends between two would be counted by neither.
    """
    ours = Job.parent_id.in_(ids)
    counted = select(Job.parent_id, Job.state, func.count().label("jobs")).where(ours)
    # Apart from the counts: those are read off an index, and few children run at a time.
    running = select(Job.parent_id, func.sum(Job.progress).label("done")).where(ours, Job.state == State.RUNNING)
    counts, done = counted.group_by(Job.parent_id, Job.state).subquery(), running.group_by(Job.parent_id).subquery()
    both = counts.outerjoin(done, done.c.parent_id == counts.c.parent_id)
    return select(counts, done.c.done).select_from(both)


def _progress(counts: Mapping[State, int], under_way: float) -> float:
    ended = sum(count for state, count in counts.items() if state in TERMINAL)
    total = sum(counts.values())
    return (ended + under_way) / total if total else 1.0
