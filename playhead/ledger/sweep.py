"""What time does to jobs: due ones are queued, late ones expire, those of dead workers and slow ones are rescued.

Each sweep takes a small batch of rows that nobody else holds, and waits for nobody: any number of workers may sweep at
once, and a job that someone holds is left for the next time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, false, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.errors import PlayheadError, TimedOutError, WorkerLostError
from playhead.ledger.dependents import abandon, enqueue_ready
from playhead.ledger.history import record_states
from playhead.ledger.locks import unhindered
from playhead.ledger.run import RELEASED, in_time
from playhead.ledger.sharing.landing import pass_on
from playhead.models import Job, WorkerRow
from playhead.states import PENDING, State
from playhead.tickets import LOOK, issue

BATCH = 500

_STRANDED = text(
    """
    WITH batch AS (
        SELECT id FROM procrastinate_jobs AS ticket
        WHERE status = 'doing' AND NOT EXISTS (
            SELECT FROM procrastinate_workers AS worker
            WHERE worker.id = ticket.worker_id AND worker.last_heartbeat > now() - make_interval(secs => :seconds))
        LIMIT :batch FOR UPDATE SKIP LOCKED)
    DELETE FROM procrastinate_jobs USING batch WHERE procrastinate_jobs.id = batch.id
    RETURNING CAST(args ->> 'job_id' AS uuid)
    """
)

_MISSING = text(
    """
    SELECT id FROM jobs
    WHERE state = 'queued' AND queued_at < now() - interval '1 minute'
      AND (expires_at IS NULL OR expires_at > now() OR started_at IS NOT NULL)
      AND NOT EXISTS (SELECT FROM queues WHERE name = jobs.queue AND paused_at IS NOT NULL)
      AND NOT EXISTS (
          SELECT FROM procrastinate_jobs
          WHERE task_name = :task AND status = 'todo' AND args ->> 'job_id' = CAST(jobs.id AS text))
    ORDER BY priority DESC, id LIMIT :batch FOR UPDATE OF jobs SKIP LOCKED
    """
)
"""Not ``NOT IN``: with more tickets than fit PostgreSQL's memory, that reads all of them for each job."""


async def queue_due(session: AsyncSession) -> int:
    """Queue the jobs whose time has come. Gives how many."""
    over = Job.run_at <= func.now()
    due = _free(Job.state == State.WAITING, Job.waits_for == 0, ~Job.follows, over).order_by(Job.run_at)
    return len(await enqueue_ready(session, list(await session.scalars(due))))


async def expire_late(session: AsyncSession) -> int:
    """End the jobs that were not begun in time. Gives how many."""
    found = list(await session.scalars(_free(Job.state.in_(PENDING), ~in_time())))
    if not found:
        return 0
    late = await unhindered(session, found)
    error = {"code": "expired", "message": "not begun before its expires_at", "attempt": 0}
    values = {"state": State.EXPIRED, "error": error, "finished_at": func.now(), "follows": False}
    await session.execute(update(Job).where(Job.id.in_(late)).values(**values))
    await record_states(session, late)
    await abandon(session, late)
    await pass_on(session, late)
    return len(late)


async def rescue_lost(session: AsyncSession, lost_after_seconds: float | None) -> int:
    """Take back the jobs of workers that fell silent, or have ended; the attempt counts. Gives how many.

    A job whose attempts are used up ends in the dead letter with ``worker_lost``. ``None`` is for when silence proves
    nothing.
    """
    gone = select(WorkerRow.id).where(WorkerRow.stopped_at.is_not(None) | _silent(lost_after_seconds))
    held = _free(Job.state == State.RUNNING, Job.worker_id.in_(gone) | Job.worker_id.is_(None))
    reason = "the worker fell silent during this attempt: look at its last log lines and its memory limit"
    return await _take_back(session, held, WorkerLostError(reason))


def _silent(seconds: float | None) -> ColumnElement[bool]:
    return false() if seconds is None else WorkerRow.heartbeat_at < func.now() - timedelta(seconds=seconds)


async def rescue_dropped(
    session: AsyncSession, leases: Sequence[int], reason: str = "the worker dropped this attempt: its log says why"
) -> int:
    """Take back the runs of a worker that lives but does not do them; the attempt counts. Gives how many.

    Their end could not be written, or the answer to their claim was lost with its connection; or it hangs.
    """
    held = _free(Job.state == State.RUNNING, Job.lease.in_(leases))
    return await _take_back(session, held, WorkerLostError(reason))


async def rescue_overdue(session: AsyncSession, grace_seconds: float) -> int:
    """Take back the runs that go on though their ``timeout_seconds`` were over so long ago. Gives how many.

    Their workers end them by themselves, before that. One that does not is believed no more, however its heart beats.
    """
    # What bounds the look is jobs_running_idx: there are never more running jobs than workers have places.
    longest = func.make_interval(0, 0, 0, 0, 0, 0, Job.timeout_seconds + grace_seconds)
    held = _free(Job.state == State.RUNNING, Job.timeout_seconds.is_not(None), Job.started_at + longest < func.now())
    reason = "the attempt took longer than its timeout_seconds, and its worker did not end it: its log may say why"
    return await _take_back(session, held, TimedOutError(reason))


async def _take_back(session: AsyncSession, held: Select[UUID], why: PlayheadError) -> int:
    found = list(await session.scalars(held))
    if not found:
        return 0
    lost = await _endable(session, found)
    error = func.jsonb_build_object("code", why.code, "message", why.message, "attempt", Job.attempt)
    taken = RELEASED | {"error": error}
    again = taken | {"state": State.WAITING, "run_at": None}
    await session.execute(update(Job).where(Job.id.in_(lost), Job.attempt < Job.max_attempts).values(**again))
    ended = taken | {"state": State.FAILED, "finished_at": func.now()}
    used_up = update(Job).where(Job.id.in_(lost), Job.attempt >= Job.max_attempts).values(**ended)
    dead = list(await session.scalars(used_up.returning(Job.id)))
    await enqueue_ready(session, lost)
    await record_states(session, dead)
    await abandon(session, dead)
    await pass_on(session, dead)
    return len(lost)


async def _endable(session: AsyncSession, lost: list[UUID]) -> list[UUID]:
    """Those that go on, and those on their last attempt that can be ended without waiting for anybody."""
    last = list(await session.scalars(select(Job.id).where(Job.id.in_(lost), Job.attempt >= Job.max_attempts)))
    hindered = set(last).difference(await unhindered(session, last))
    return [job_id for job_id in lost if job_id not in hindered]


async def reissue_stranded(session: AsyncSession, lost_after_seconds: float) -> int:
    """Replace the tickets that a dead worker had taken but not acted on. Gives how many were stranded.

    Procrastinate leaves such tickets in ``doing`` for ever.
    """
    values = {"seconds": lost_after_seconds, "batch": BATCH}
    stranded: list[UUID | None] = list(await session.scalars(_STRANDED, values))
    await issue(session, [job_id for job_id in stranded if job_id is not None])
    return len(stranded)


async def reissue_missing(session: AsyncSession) -> int:
    """Write a ticket for each job that has been runnable for a minute without one. Gives how many.

    The most urgent first. After a long queue is resumed, there are many: :func:`playhead.ledger.queues.resume` leaves
    all but a batch to this. Else few should ever be found, as tickets go with what calls for them. One that is being
    looked at does not count: it may be what a living worker could neither act on nor put back.
    """
    missing = list(await session.scalars(_MISSING, {"task": LOOK, "batch": BATCH}))
    await issue(session, missing)
    return len(missing)


def _free(*conditions: ColumnElement[bool]) -> Select[UUID]:
    return select(Job.id).where(*conditions).limit(BATCH).with_for_update(skip_locked=True)
