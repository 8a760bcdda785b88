"""What the end of a job means for those that wait for it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlalchemy.sql.dml import ReturningUpdate

from playhead.errors import DependencyFailedError, StateConflictError
from playhead.ledger.history import record_states
from playhead.models import Dependency, Job, Output
from playhead.states import TERMINAL, State
from playhead.tickets import issue


async def release(session: AsyncSession, succeeded: UUID) -> None:
    """Count the dependency as met; those that waited for nothing else are queued, unless their time is to come.

    It is counted for those that ended meanwhile too: they may be retried. What they need of its outputs is theirs from
    now on, whatever becomes of the job that made it.
    """
    dependents = await _lock(session, select(Dependency.job_id).where(Dependency.needs_id == succeeded))
    given = select(Output.sha256).where(Output.job_id == succeeded, Output.name == Job.input["output"].astext)
    its_input = case(
        (Job.input["job"].astext == str(succeeded), given.correlate(Job).scalar_subquery()), else_=Job.input_sha256
    )
    met = update(Job).where(Job.id.in_(dependents)).values(waits_for=Job.waits_for - 1, input_sha256=its_input)
    await session.execute(met.execution_options(synchronize_session=False))
    await enqueue_ready(session, dependents)


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
    await _lock(session, _at_any_distance(ended))
    while ended:
        canceled = _of(ended).where(Job.state == State.WAITING)
        values = {"state": State.CANCELED, "error": error, "finished_at": func.now()}
        ended = list(await session.scalars(canceled.values(**values)))
        await record_states(session, ended)


async def unhindered(session: AsyncSession, job_ids: Sequence[UUID]) -> list[UUID]:
    """Those of these jobs of which nobody else holds one that waits for them, at any distance; now the caller does.

    For whoever holds several jobs in no order: what would have to be waited for is left out, so that two never wait
    for each other.
    """
    waiting = _at_any_distance(job_ids)
    free = select(Job.id).where(Job.id.in_(waiting)).with_for_update(skip_locked=True)
    locked = set(await session.scalars(free))
    busy = set(await session.scalars(waiting)) - locked
    hindered = set(await session.scalars(_needed_at_any_distance(busy))) if busy else set()
    return [job_id for job_id in job_ids if job_id not in hindered]


async def revive(session: AsyncSession, retried: Sequence[UUID]) -> None:
    """Let all that was canceled, at any distance, for the failure of these jobs wait for them again.

    What waits for another job too that did not succeed stays canceled until that one is retried.
    """
    await _lock(session, _at_any_distance(retried))
    while retried:
        canceled = _of(retried).where(Job.state == State.CANCELED)
        for_this = canceled.where(Job.error["code"].astext == DependencyFailedError.code, can_be_met())
        values = {"state": State.WAITING, "error": None, "finished_at": None}
        retried = list(await session.scalars(for_this.values(**values)))
        await record_states(session, retried)


async def require_open(session: AsyncSession, job: Job) -> None:
    """Let this job, whose row is locked, wait again only if all that it waits for may yet succeed.

    Raises:
        StateConflictError: saying which job to retry first, or that none will help: one was deleted.
    """
    needs = select(Job.id, Job.state).join(Dependency, Dependency.needs_id == Job.id)
    unmet = needs.where(Dependency.job_id == job.id, Job.state != State.SUCCEEDED).order_by(Job.id)
    rows = (await session.execute(unmet)).all()
    if len(rows) < job.waits_for:
        gone = "a job that this one waits for was deleted, so this one can never begin: delete it and submit it anew"
        raise StateConflictError(gone)
    for needed in rows:
        if needed.state in TERMINAL:
            raise StateConflictError(f"job {needed.id}, which this one waits for, is {needed.state}: retry that first")


def can_be_met() -> ColumnElement[bool]:
    """Whether all that a job still waits for may yet succeed: none ended without success, none was deleted.

    True for as long as the job's row is locked: whatever it waits for locks it to end.
    """
    needed = aliased(Job)
    joined = select(func.count()).select_from(Dependency).join(needed, needed.id == Dependency.needs_id)
    open_ = joined.where(Dependency.job_id == Job.id, needed.state.not_in(TERMINAL)).correlate(Job)
    return Job.waits_for == open_.scalar_subquery()


async def detach(session: AsyncSession, job_ids: Sequence[UUID]) -> None:
    """Lock the dependencies that will go with these jobs.

    In one order: deletions of jobs that depend on each other would else wait for each other.
    """
    theirs = or_(Dependency.job_id.in_(job_ids), Dependency.needs_id.in_(job_ids))
    ordered = select(Dependency.job_id).where(theirs).order_by(Dependency.job_id, Dependency.needs_id)
    await session.execute(ordered.with_for_update())


def _of(needs: Sequence[UUID]) -> ReturningUpdate[UUID]:
    direct = select(Dependency.job_id).where(Dependency.needs_id.in_(needs))
    changed = update(Job).where(Job.id.in_(direct)).returning(Job.id)
    return changed.execution_options(synchronize_session=False)


def _at_any_distance(needs: Sequence[UUID]) -> Select[UUID]:
    near = select(Dependency.job_id).where(Dependency.needs_id.in_(needs)).cte(recursive=True)
    return select(near.union(select(Dependency.job_id).join(near, Dependency.needs_id == near.c.job_id)).c.job_id)


def _needed_at_any_distance(job_ids: Collection[UUID]) -> Select[UUID]:
    near = select(Dependency.needs_id).where(Dependency.job_id.in_(job_ids)).cte(recursive=True)
    return select(near.union(select(Dependency.needs_id).join(near, Dependency.job_id == near.c.needs_id)).c.needs_id)


async def _lock(session: AsyncSession, dependents: Select[UUID]) -> list[UUID]:
    # Whatever state they are in: only so does each of two jobs that end at once see what the other did to a
    # dependent that they share. In the order of the ids: a job comes before its dependents, so whoever holds it and
    # waits for them never meets one who holds them and waits for it.
    locked = select(Job.id).where(Job.id.in_(dependents)).order_by(Job.id).with_for_update()
    return list(await session.scalars(locked))
