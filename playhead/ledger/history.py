"""The history of jobs, and the word to those who watch them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.ledger.run import Run
from playhead.models import Event

CHANNEL = "playhead_jobs"
"""PostgreSQL notifies here whenever there is news of a job: its id and, where the state changed, a space and that.

A change of state is news of the job's batch too: only its id.
"""

_STATES = text(
    f"""
    WITH changed AS (
        SELECT id, owner_id, parent_id, state, attempt, lease, error, run_at FROM jobs WHERE id = ANY(:ids)),
    told AS (
        INSERT INTO job_events (job_id, owner_id, type, attempt, lease, data)
        SELECT id, owner_id, 'state', attempt, lease,
               jsonb_strip_nulls(jsonb_build_object('state', state, 'error', error, 'run_at', run_at))
        FROM changed ORDER BY id
        RETURNING job_id, data ->> 'state' AS state)
    SELECT pg_notify('{CHANNEL}', job_id || ' ' || state) FROM told
    UNION ALL
    SELECT pg_notify('{CHANNEL}', CAST(parent_id AS text)) FROM changed WHERE parent_id IS NOT NULL GROUP BY parent_id
    """  # noqa: S608 - the channel is a constant
)

_EVENTS = text(
    f"""
    WITH told AS (
        INSERT INTO job_events (job_id, owner_id, type, attempt, lease, data)
        SELECT :job_id, :owner_id, :type, :attempt, :lease, item
        FROM jsonb_array_elements(CAST(:items AS jsonb)) WITH ORDINALITY AS list(item, place) ORDER BY place
        RETURNING 1)
    SELECT pg_notify('{CHANNEL}', CAST(:job_id AS text)) FROM (SELECT count(*) FROM told) AS written
    """  # noqa: S608 - the channel is a constant
)

_NEWS = text(f"SELECT pg_notify('{CHANNEL}', :job_id)")


async def record_states(session: AsyncSession, job_ids: Sequence[UUID]) -> None:
    """Write down the state that each of these jobs now has, and tell its watchers on commit."""
    if job_ids:
        await session.execute(_STATES, {"ids": list(job_ids)})


async def record_events(session: AsyncSession, run: Run, event: str, items: str) -> None:
    """Write one event per element of ``items`` (a JSON array), in its order. The caller holds the job's row."""
    values: dict[str, Any] = {"type": event, "items": items, "attempt": run.attempt, "lease": run.lease}
    await session.execute(_EVENTS, values | {"job_id": run.job_id, "owner_id": run.owner_id})


async def tell(session: AsyncSession, job_id: UUID) -> None:
    """Tell the watchers on commit that something short-lived changed, such as the progress.

    What is no job may be watched and told of in the same way.
    """
    await session.execute(_NEWS, {"job_id": str(job_id)})


async def told_before(
    session: AsyncSession, run: Run, event: str, *, after: int, limit: int
) -> Sequence[Row[int, dict[str, Any]]]:
    """What earlier runs of the job told under this name, with the ids of the events: a batch of those after an id."""
    earlier = select(Event.id, Event.data).where(Event.job_id == run.job_id, Event.id > after, Event.type == event)
    batch = earlier.where(Event.lease < run.lease).order_by(Event.id).limit(limit)
    return (await session.execute(batch)).all()
