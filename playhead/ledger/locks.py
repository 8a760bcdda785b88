"""Locks on jobs and what hangs together with them: who may wait for whom, so that nobody waits for ever.

Whoever waits takes them in the order of the ids, in which a job comes before all that wait for it
(:func:`playhead.identity.new_id`). Whoever holds several in no order, as a sweep does, waits for none.
Flights come after all jobs (:mod:`playhead.ledger.sharing`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Select,
    any_,
    bindparam,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import QueryableAttribute

from playhead.models import Dependency, Job

IDS = bindparam("ids", type_=ARRAY(PG_UUID(as_uuid=True)))
"""A parameter for :func:`among`, where a statement is built once."""


async def lock(session: AsyncSession, wanted: Select[UUID] | CompoundSelect[UUID]) -> list[UUID]:
    """Lock these jobs, whatever state they are in, and give them: mostly dependents of one that the caller holds."""
    # Only so does each of two jobs that end at once see what the other did to a dependent that they share.
    locked = select(Job.id).where(among(Job.id, wanted)).order_by(Job.id).with_for_update()
    return list(await session.scalars(locked))


async def unhindered(session: AsyncSession, job_ids: Sequence[UUID]) -> list[UUID]:
    """Those of these jobs of which nobody else holds one that waits for them, at any distance; now the caller does.

    For whoever holds several jobs in no order: what would have to be waited for is left out, so that two never wait
    for each other.
    """
    waiting = at_any_distance(job_ids)
    free = select(Job.id).where(among(Job.id, waiting)).with_for_update(skip_locked=True)
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


def among(
    column: QueryableAttribute[UUID],
    ids: Collection[UUID] | BindParameter[Sequence[UUID]] | Select[UUID] | CompoundSelect[UUID],
) -> ColumnElement[bool]:
    """Whether it is one of these, or of what is found.

    As one array. With IN each of these would be a parameter, of which a statement has 32,767 at most; and a question
    would be joined in a way that PostgreSQL chooses by what it last knew of the tables: after a purge, row by row.
    """
    if isinstance(ids, Select | CompoundSelect):
        return column == any_(func.array(ids.scalar_subquery()))
    if isinstance(ids, BindParameter):
        return column == any_(ids)
    return column == any_(literal(list(ids), ARRAY(PG_UUID(as_uuid=True))))


def at_any_distance(needs: Sequence[UUID]) -> Select[UUID]:
    """All that wait for these jobs, or for what waits for them, and so on."""
    return _all_along(Dependency.needs_id, Dependency.job_id, needs)


def _needed_at_any_distance(job_ids: Collection[UUID]) -> Select[UUID]:
    return _all_along(Dependency.job_id, Dependency.needs_id, job_ids)


def _all_along(
    origin: QueryableAttribute[UUID], end: QueryableAttribute[UUID], starts: Collection[UUID]
) -> Select[UUID]:
    reached = select(end.label("id")).where(among(origin, starts)).cte(recursive=True)
    # With its offset a question of its own for each: a join of tables believed to be empty reads them row by row.
    further = select(end.label("id")).where(origin == reached.c.id).offset(0).lateral()
    return select(reached.union(select(further.c.id).select_from(reached.join(further, true()))).c.id)


def free_batch(rows: Select[*tuple[Any, ...]], limit: int) -> CTE:
    """So many of these rows that nobody holds, for one statement that changes them.

    A CTE is read once. A subquery with a limit may be asked again for each row, and takes them all.
    """
    return rows.limit(limit).with_for_update(skip_locked=True).cte()
