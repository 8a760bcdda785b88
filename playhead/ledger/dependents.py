"""What the end of a job means for those that wait for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import TEXT, ColumnElement, Select, case, column, func, literal_column, or_, select, text, true, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlalchemy.sql.dml import ReturningUpdate

from playhead.database import plainly
from playhead.errors import DependencyFailedError, StateConflictError
from playhead.ledger.history import TOLD_OF, record_states, recording
from playhead.ledger.inputs import hand_on, made_for
from playhead.ledger.locks import IDS, among, at_any_distance, lock
from playhead.models import Dependency, Job
from playhead.states import TERMINAL, State
from playhead.tickets import ISSUING, READY, READY_COLUMNS, WISHING

_TOLD = {told.name for told in TOLD_OF}


def _enqueuing() -> Select[*tuple[Any, ...]]:
    ready = (
        update(Job)
        .where(among(Job.id, IDS), Job.state == State.WAITING, Job.waits_for == 0, ~Job.follows)
        .where(or_(Job.run_at.is_(None), Job.run_at <= func.now()))
        .values(state=State.QUEUED, queued_at=func.now())
        .returning(*TOLD_OF, *(getattr(Job, name) for name in READY_COLUMNS if name not in _TOLD))
        .cte(READY)
    )
    # What is asked for as text has to come after what it reads, which nobody else knows of.
    issued: ColumnElement[str] = literal_column(f"CAST(({ISSUING}) AS text)")
    return recording(ready, ready.c.id, issued).add_cte(text(WISHING).columns(column("told", TEXT)).cte("wished"))


_ENQUEUE = _enqueuing()
"""Built once: that takes longer than to execute it."""


async def release(session: AsyncSession, succeeded: UUID) -> None:
    """Count the dependency as met; those that waited for nothing else are queued, unless their time is to come.

    It is counted for those that ended meanwhile too: they may be retried. What they need of its outputs is theirs from
    now on, whatever becomes of the job that made it.
    """
    dependents = await lock(session, select(Dependency.job_id).where(Dependency.needs_id == succeeded))
    if not dependents:
        return
    its_input = case((Job.input["job"].astext == str(succeeded), made_for(succeeded)), else_=Job.input_sha256)
    met = update(Job).where(among(Job.id, dependents)).values(waits_for=Job.waits_for - 1, input_sha256=its_input)
    await session.execute(met.execution_options(synchronize_session=False))
    await hand_on(session, succeeded)
    await enqueue_ready(session, dependents)


async def enqueue_ready(session: AsyncSession, job_ids: Sequence[UUID]) -> list[UUID]:
    """Queue those of these jobs that wait for nothing and are due. Gives the ids of those queued."""
    return list((await plainly(session, _ENQUEUE, {"ids": list(job_ids)})).scalars())


async def begin(session: AsyncSession, job_ids: Sequence[UUID]) -> None:
    """Queue those of these jobs, all just made ``waiting``, that may run now; write down that the others wait."""
    queued = set(await enqueue_ready(session, job_ids))
    await record_states(session, [job_id for job_id in job_ids if job_id not in queued])


async def abandon(session: AsyncSession, ended: Sequence[UUID]) -> None:
    """Cancel all that waits, at any distance, for jobs that ended without success."""
    reason = DependencyFailedError("a job that this one waits for did not succeed: retry that one to revive this")
    error = {"code": reason.code, "message": reason.message, "attempt": 0}
    await lock(session, at_any_distance(ended))
    while ended:
        canceled = _of(ended).where(Job.state == State.WAITING)
        values = {"state": State.CANCELED, "error": error, "finished_at": func.now()}
        ended = list(await session.scalars(canceled.values(**values)))
        await record_states(session, ended)


async def revive(session: AsyncSession, retried: Sequence[UUID]) -> None:
    """Let all that was canceled, at any distance, for the failure of these jobs wait for them again.

    What waits for another job too that did not succeed stays canceled until that one is retried. As the retried, they
    have no time any more to begin by: it went by while nothing could begin them.
    """
    later = await lock(session, at_any_distance(retried))
    for_this = select(Job.id).where(among(Job.id, later), Job.state == State.CANCELED)
    canceled = await session.scalars(for_this.where(Job.error["code"].astext == DependencyFailedError.code))
    again = await able_to_wait(session, list(canceled))
    anew = {"state": State.WAITING, "error": None, "finished_at": None, "expires_at": None}
    waiting = update(Job).where(among(Job.id, again)).values(**anew)
    await session.execute(waiting.execution_options(synchronize_session=False))
    await record_states(session, again)


async def require_open(session: AsyncSession, job: Job) -> None:
    """Let this job, whose row is locked, wait again only if all that it waits for may yet succeed.

    Raises:
        StateConflictError: saying which job to retry first, or that none will help: one was deleted.
    """
    needs = select(Dependency.needs_id).where(Dependency.job_id == job.id)
    unmet = select(Job.id, Job.state).where(among(Job.id, needs), Job.state != State.SUCCEEDED)
    rows = (await session.execute(unmet.order_by(Job.id))).all()
    if len(rows) < job.waits_for:
        gone = "a job that this one waits for was deleted, so this one can never begin: delete it and submit it anew"
        raise StateConflictError(gone)
    for needed in rows:
        if needed.state in TERMINAL:
            raise StateConflictError(f"job {needed.id}, which this one waits for, is {needed.state}: retry that first")


async def able_to_wait(session: AsyncSession, job_ids: Sequence[UUID]) -> list[UUID]:
    """Those of these jobs that may yet begin, if all of these wait: none has succeeded, or runs.

    Whatever else they still wait for may yet succeed: none of it ended without success, none was deleted. So it stays
    for as long as their rows are locked: whatever they wait for locks them to end.
    """
    needed = aliased(Job)
    may_succeed = needed.state.not_in(TERMINAL) | among(needed.id, job_ids)
    # As in playhead.ledger.locks: asked for each dependency, not joined.
    one = select(needed.id).where(needed.id == Dependency.needs_id, may_succeed).offset(0).lateral()
    joined = select(func.count()).select_from(Dependency).join(one, true())
    hopeful = joined.where(Dependency.job_id == Job.id).correlate(Job).scalar_subquery()
    stuck = list(await session.scalars(select(Job.id).where(among(Job.id, job_ids), Job.waits_for != hopeful)))
    hopeless = {*stuck, *(await session.scalars(at_any_distance(stuck)))}
    return [job_id for job_id in job_ids if job_id not in hopeless]


def _of(needs: Sequence[UUID]) -> ReturningUpdate[UUID]:
    direct = select(Dependency.job_id).where(among(Dependency.needs_id, needs))
    changed = update(Job).where(among(Job.id, direct)).returning(Job.id)
    return changed.execution_options(synchronize_session=False)
