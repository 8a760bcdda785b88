"""A run that knows its inputs asks who does its work: itself, or another job."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Row, case, null, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.ledger.history import record_states
from playhead.ledger.locks import lock
from playhead.ledger.report import hold
from playhead.ledger.run import RELEASED, Run, change
from playhead.ledger.sharing.serving import serve
from playhead.models import Dependency, Flight, Job
from playhead.states import TERMINAL, State
from playhead.tickets import issue

FOLLOWING = "waiting for another job that does the same"
"""The ``stage`` of a job that does."""

_HASTEN = text(
    """
    WITH free AS (SELECT id FROM jobs WHERE id = :leader FOR UPDATE SKIP LOCKED)
    UPDATE jobs SET priority = mine.priority, base_priority = mine.base_priority
    FROM free, jobs AS mine
    WHERE jobs.id = free.id AND mine.id = :follower AND jobs.priority < mine.priority
    RETURNING jobs.id
    """
)


async def board(session: AsyncSession, run: Run, key: bytes) -> bool:
    """Whether this run is to do the work of this key itself.

    If not, its job has succeeded as the one that did it, or waits for the one that does; the run has lost it, and its
    attempt is not counted.

    Raises:
        LeaseLostError: another has the job.
    """
    await hold(session, run)
    # Before the flight: should the job succeed at once, nobody is waited for any more.
    await lock(session, select(Dependency.job_id).where(Dependency.needs_id == run.job_id))
    while not await _take_off(session, run, key):
        other = await _other(session, key)
        if other is None:  # It was deleted at this moment.
            continue
        if other.id == run.job_id:
            return True
        if other.state == State.SUCCEEDED:
            await serve(session, {run.job_id: other.id})
            return False
        if other.state not in TERMINAL and not other.follows:
            await _follow(session, run, key, other.id)
            return False
        await session.execute(update(Flight).where(Flight.key == key).values(job_id=run.job_id))
        return True
    return True


async def _take_off(session: AsyncSession, run: Run, key: bytes) -> bool:
    """Whether nobody has done this before."""
    first = insert(Flight).values(key=key, job_id=run.job_id).on_conflict_do_nothing().returning(Flight.key)
    return await session.scalar(first) is not None


async def _other(session: AsyncSession, key: bytes) -> Row[UUID, str, bool] | None:
    """Whoever has: it neither ends nor goes before the commit."""
    # Two statements: the second sees what was committed while the first waited.
    job_id = await session.scalar(select(Flight.job_id).where(Flight.key == key).with_for_update())
    found = select(Job.id, Job.state, Job.follows).where(Job.id == job_id)
    return (await session.execute(found)).one_or_none() if job_id else None


async def _follow(session: AsyncSession, run: Run, key: bytes, leader: UUID) -> None:
    # One that has not begun before has not begun now: its time to begin by may still come.
    begun = case((Job.attempt > 1, Job.started_at), else_=null())
    waiting = {"state": State.WAITING, "attempt": Job.attempt - 1, "started_at": begun, "run_at": None, "progress": 0}
    await session.execute(
        change(run).values(**RELEASED | waiting | {"follows": True, "cache_key": key, "stage": FOLLOWING})
    )
    await record_states(session, [run.job_id])
    await _hasten(session, run.job_id, leader)


async def _hasten(session: AsyncSession, job_id: UUID, leader: UUID) -> None:
    """Let what is done for a more urgent job too be as urgent, should it come to wait in a queue again.

    Not if somebody holds it: as said in :mod:`playhead.ledger.sharing`, he is not waited for.
    """
    await issue(session, list(await session.scalars(_HASTEN, {"leader": leader, "follower": job_id})))
