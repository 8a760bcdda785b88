"""What the end of a job means for those that wait for it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ScalarSelect, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from playhead.errors import DependencyFailedError
from playhead.ledger.history import record_states
from playhead.models import Dependency, Job
from playhead.states import State
from playhead.tickets import issue


async def release(session: AsyncSession, succeeded: UUID) -> None:
    """Count the dependency as met; those that waited for nothing else are queued, unless their time is to come."""
    waiting = await _waiting_for(session, [succeeded])
    counted = update(Job).where(Job.id.in_(waiting)).values(waits_for=Job.waits_for - 1)
    await session.execute(counted.execution_options(synchronize_session=False))
    await enqueue_ready(session, waiting)


async def enqueue_ready(session: AsyncSession, job_ids: Sequence[UUID]) -> list[UUID]:
    """Queue those of these jobs that wait for nothing and are due. Gives the ids of those queued."""
    ready = (
        update(Job)
        .where(Job.id.in_(job_ids), Job.state == State.WAITING, Job.waits_for == 0)
        .where(or_(Job.run_at.is_(None), Job.run_at <= func.now()))
        .values(state=State.QUEUED, queued_at=func.now())
        .returning(Job.id)
        .execution_options(synchronize_session=False)
    )
    queued = list(await session.scalars(ready))
    await issue(session, queued)
    await record_states(session, queued)
    return queued


async def abandon(session: AsyncSession, ended: Sequence[UUID]) -> None:
    """Cancel all that waits, at any distance, for jobs that ended without success."""
    reason = DependencyFailedError("a job that this one waits for did not succeed: retry that one to revive this")
    error = {"code": reason.code, "message": reason.message, "attempt": 0}
    while ended:
        ended = await _waiting_for(session, ended)
        values = {"state": State.CANCELED, "error": error, "finished_at": func.now()}
        canceled = update(Job).where(Job.id.in_(ended)).values(**values)
        await session.execute(canceled.execution_options(synchronize_session=False))
        await record_states(session, ended)


async def revive(session: AsyncSession, retried: Sequence[UUID]) -> None:
    """Let all that was canceled, at any distance, for the failure of these jobs wait for them again."""
    while retried:
        needed = select(Dependency.job_id).where(Dependency.needs_id.in_(retried))
        revived = (
            update(Job)
            .where(Job.id.in_(needed), Job.state == State.CANCELED)
            .where(Job.error["code"].astext == DependencyFailedError.code)
            .values(state=State.WAITING, error=None, finished_at=None, waits_for=_unmet())
            .returning(Job.id)
            .execution_options(synchronize_session=False)
        )
        retried = list(await session.scalars(revived))
        await record_states(session, retried)


def _unmet() -> ScalarSelect[int]:
    """How many of a job's dependencies have not succeeded; correlated with the job's row."""
    needed = aliased(Job)
    joined = select(func.count()).select_from(Dependency).join(needed, needed.id == Dependency.needs_id)
    return joined.where(Dependency.job_id == Job.id, needed.state != State.SUCCEEDED).correlate(Job).scalar_subquery()


async def _waiting_for(session: AsyncSession, job_ids: Sequence[UUID]) -> list[UUID]:
    # Locked in the order of the ids: two jobs that settle at once may share dependents.
    found = (
        select(Job.id)
        .join(Dependency, Dependency.job_id == Job.id)
        .where(Dependency.needs_id.in_(job_ids), Job.state == State.WAITING)
        .order_by(Job.id)
        .with_for_update(of=Job)
    )
    return list(dict.fromkeys(await session.scalars(found)))
