"""Locks on jobs and what hangs together with them: who may wait for whom, so that nobody waits for ever.

Whoever waits takes them in the order of the ids, in which a job comes before all that wait for it
(:func:`playhead.identity.new_id`). Whoever holds several in no order, as a sweep does, waits for none.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, CompoundSelect, Select, any_, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import QueryableAttribute

from playhead.models import Dependency, Job


async def lock(session: AsyncSession, wanted: Select[UUID] | CompoundSelect[UUID]) -> list[UUID]:
    """Lock these jobs, whatever state they are in, and give them: mostly dependents of one that the caller holds."""
    # Only so does each of two jobs that end at once see what the other did to a dependent that they share.
    locked = select(Job.id).where(Job.id.in_(wanted)).order_by(Job.id).with_for_update()
    return list(await session.scalars(locked))


async def unhindered(session: AsyncSession, job_ids: Sequence[UUID]) -> list[UUID]:
    """Those of these jobs of which nobody else holds one that waits for them, at any distance; now the caller does.

    For whoever holds several jobs in no order: what would have to be waited for is left out, so that two never wait
    for each other.
    """
    waiting = at_any_distance(job_ids)
    free = select(Job.id).where(Job.id.in_(waiting)).with_for_update(skip_locked=True)
    locked = set(await session.scalars(free))
    busy = set(await session.scalars(waiting)) - locked
    hindered = set(await session.scalars(_needed_at_any_distance(busy))) if busy else set()
    return [job_id for job_id in job_ids if job_id not in hindered]


async def detach(session: AsyncSession, job_ids: Sequence[UUID]) -> None:
    """Lock the dependencies that will go with these jobs.

    In one order: deletions of jobs that depend on each other would else wait for each other.
    """
    theirs = or_(among(Dependency.job_id, job_ids), among(Dependency.needs_id, job_ids))
    ordered = select(Dependency.job_id).where(theirs).order_by(Dependency.job_id, Dependency.needs_id)
    await session.execute(ordered.with_for_update())


def among(column: QueryableAttribute[UUID], ids: Collection[UUID]) -> ColumnElement[bool]:
    """Whether it is one of these. As one parameter: IN has one for each, and a statement 32,767 at most."""
    return column == any_(literal(list(ids), ARRAY(PG_UUID(as_uuid=True))))


def at_any_distance(needs: Sequence[UUID]) -> Select[UUID]:
    """All that wait for these jobs, or for what waits for them, and so on."""
    near = select(Dependency.job_id).where(among(Dependency.needs_id, needs)).cte(recursive=True)
    return select(near.union(select(Dependency.job_id).join(near, Dependency.needs_id == near.c.job_id)).c.job_id)


def _needed_at_any_distance(job_ids: Collection[UUID]) -> Select[UUID]:
    near = select(Dependency.needs_id).where(among(Dependency.job_id, job_ids)).cte(recursive=True)
    return select(near.union(select(Dependency.needs_id).join(near, Dependency.job_id == near.c.needs_id)).c.needs_id)


def free_batch(rows: Select[*tuple[Any, ...]], limit: int) -> CTE:
    """So many of these rows that nobody holds, for one statement that changes them.

    A CTE is read once. A subquery with a limit may be asked again for each row, and takes them all.
    """
    return rows.limit(limit).with_for_update(skip_locked=True).cte()
