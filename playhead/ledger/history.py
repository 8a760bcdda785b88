"""The history of jobs, and the word to those who watch them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, TEXT, ColumnElement, Row, Select, case, cast, func, insert, literal, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.database import Executor, plainly
from playhead.ledger.locks import IDS, among
from playhead.ledger.run import Run
from playhead.models import Event, Job

CHANNEL = "playhead_jobs"
"""PostgreSQL notifies here whenever there is news of a job: its id and, where the state changed, a space and that.

A change of state is news of the job's batch too: only its id.
"""

TOLD_OF = (Job.id, Job.owner_id, Job.parent_id, Job.state, Job.attempt, Job.lease, Job.error, Job.run_at)
"""Of a job whose state changed: the columns that :func:`recording` needs."""


def recording(changed: CTE, *columns: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    """A statement that writes down the states of changed jobs, tells their watchers on commit, and gives these columns.

    Args:
        changed: their rows, with :data:`TOLD_OF`.
        columns: of them.
    """
    job = changed.c
    data = func.jsonb_build_object("state", job.state, "error", job.error, "run_at", job.run_at)
    event = {
        "job_id": job.id,
        "owner_id": job.owner_id,
        "type": literal("state"),
        "attempt": job.attempt,
        "lease": job.lease,
        "data": func.jsonb_strip_nulls(data),
    }
    written = insert(Event).from_select(list(event), select(*event.values()).order_by(job.id)).cte("written")
    news = func.pg_notify(CHANNEL, cast(job.id, TEXT) + " " + job.state)
    of_batch = case((job.parent_id.is_not(None), func.pg_notify(CHANNEL, cast(job.parent_id, TEXT))))
    return select(*columns, cast(news, TEXT), cast(of_batch, TEXT)).add_cte(written)


_CHANGED = select(*TOLD_OF).where(among(Job.id, IDS))
_STATES = recording(_CHANGED.cte("changed"))

_NEWS = text(f"SELECT pg_notify('{CHANNEL}', :job_id)")


async def record_states(session: AsyncSession, job_ids: Sequence[UUID]) -> None:
    """Write down the state that each of these jobs now has, and tell its watchers on commit."""
    if job_ids:
        await plainly(session, _STATES, {"ids": list(job_ids)})


async def tell(session: AsyncSession, job_id: UUID) -> None:
    """Tell the watchers on commit that something short-lived changed, such as the progress.

    What is no job may be watched and told of in the same way.
    """
    await plainly(session, _NEWS, {"job_id": str(job_id)})


async def told_before(
    session: Executor, run: Run, event: str, *, after: int, limit: int
) -> Sequence[Row[int, dict[str, Any]]]:
    """What earlier runs of the job told under this name, with the ids of the events: a batch of those after an id."""
    earlier = select(Event.id, Event.data).where(Event.job_id == run.job_id, Event.id > after, Event.type == event)
    batch = earlier.where(Event.lease < run.lease).order_by(Event.id).limit(limit)
    return (await session.execute(batch)).all()
