"""Read: what the ledger tells those who ask. Nothing here changes anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, func, literal_column, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from playhead.errors import NotFoundError
from playhead.ledger.locks import IDS, among
from playhead.models import Dependency, Event, Job, Output
from playhead.states import State

POSITION_LIMIT = 1000
"""A place in a queue is counted up to here: whoever submits a hundred thousand jobs is told each one's place."""

_AFTER = func.array(
    select(Dependency.needs_id).where(Dependency.job_id == Job.id).order_by(Dependency.needs_id).scalar_subquery()
)
# Two conditions where one would do: the first alone bounds the scan of jobs_queued_idx.
_POSITION: ColumnElement[int | None] = literal_column(
    f"""
    CASE WHEN jobs.state = 'queued' THEN 1 + (
        SELECT count(*) FROM (
            SELECT FROM jobs AS other
            WHERE other.queue = jobs.queue AND other.state = 'queued' AND other.priority >= jobs.priority
              AND (other.priority > jobs.priority OR other.id < jobs.id)
            LIMIT {POSITION_LIMIT - 1}) AS ahead) END
    """  # noqa: S608 - a constant
)
# What each submission asks is built once: that takes longer than to execute it.
_ONE = select(Job, _AFTER.label("after"), _POSITION.label("position"))
_ONE = _ONE.where(Job.owner_id == bindparam("owner_id"), Job.id == bindparam("job_id"))
_ONE = _ONE.execution_options(populate_existing=True)
_NEEDS = (
    select(Dependency.job_id, Dependency.needs_id).where(among(Dependency.job_id, IDS)).order_by(Dependency.needs_id)
)


@dataclass(frozen=True)
class JobView:
    """A job, with what lies beside it.

    Attributes:
        position: how many jobs of its queue come before it, plus one; None unless it is queued. At most
            :data:`POSITION_LIMIT`.
        after: ids of the jobs that it waits or waited for.
    """

    job: Job
    outputs: Sequence[Output]
    after: Sequence[UUID]
    position: int | None


@dataclass(frozen=True)
class Filters:
    """Which jobs a list holds: all conditions must hold, and any of the ``states``.

    Attributes:
        metadata: pairs that the job's metadata must contain.
    """

    states: Sequence[State] = ()
    kind: str | None = None
    parent_id: UUID | None = None
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """Some jobs, the newest first. ``next_before`` is where the following page begins; None at the end."""

    views: Sequence[JobView]
    next_before: UUID | None


@dataclass(frozen=True)
class News:
    """What happened to a job since an event, and how far it is.

    Attributes:
        events: in their order, at most as many as were asked for.
    """

    job: Job
    events: Sequence[Event]


@dataclass(frozen=True)
class Count:
    """Jobs of one kind in one state, and what they cost so far: as :class:`playhead.ledger.settle.Cost`.

    Attributes:
        run_seconds: of their runs, from claim to end; ``heard_seconds`` is the part of those that worked on audio.
        answered: those that had the result of another job at submit; ``attached`` are those that had it later.
        saved_audio_seconds: what neither had to work on.
    """

    kind: str
    state: State
    jobs: int
    gpu_seconds: float
    audio_seconds: float
    input_tokens: int
    output_tokens: int
    run_seconds: float
    heard_seconds: float
    answered: int
    attached: int
    saved_audio_seconds: float


async def find_job(session: AsyncSession, owner_id: UUID, job_id: UUID) -> JobView:
    """One job with all there is to know of it.

    Raises:
        NotFoundError: the owner has no such job.
    """
    found = (await session.execute(_ONE, {"owner_id": owner_id, "job_id": job_id})).one_or_none()
    if found is None:
        raise NotFoundError(f"there is no job {job_id}")
    job, after, position = found
    return JobView(job, (await _outputs(session, [job]))[job_id], after, position)


async def find_state(session: AsyncSession, owner_id: UUID, job_id: UUID) -> State:
    """Only the state of a job.

    Raises:
        NotFoundError: the owner has no such job.
    """
    state = await session.scalar(select(Job.state).where(Job.id == job_id, Job.owner_id == owner_id))
    if state is None:
        raise NotFoundError(f"there is no job {job_id}")
    return State(state)


async def find_output(session: AsyncSession, owner_id: UUID, job_id: UUID, name: str) -> Output:
    """One output of a job.

    Raises:
        NotFoundError: the owner has no such job, or it made no such output, or has not yet.
    """
    mine = select(Output).where(Output.job_id == job_id, Output.name == name, Output.owner_id == owner_id)
    output = await session.scalar(mine)
    if output is None:
        raise NotFoundError(f"job {job_id} has no output {name!r}")
    return output


async def list_jobs(
    session: AsyncSession, owner_id: UUID, filters: Filters, *, limit: int, before: UUID | None = None
) -> Page:
    """A page of jobs, the newest first; their results and positions are left out.

    ``before`` is the ``next_before`` of the page before this one.
    """
    wanted = _filtered(_of(owner_id), filters).options(defer(Job.result, raiseload=True))
    if before is not None:
        wanted = wanted.where(Job.id < before)
    found = (await session.scalars(wanted.order_by(Job.id.desc()).limit(limit + 1))).all()
    jobs = found[:limit]
    return Page(await _views(session, jobs), jobs[-1].id if len(found) > limit else None)


async def news_since(session: AsyncSession, owner_id: UUID, job_id: UUID, event_id: int, limit: int) -> News:
    """What happened to a job after the event of this id; 0 is before the first.

    The job is read first: if it has ended, and there are fewer events than the limit, its end is among them.

    Raises:
        NotFoundError: the owner has no such job.
    """
    wanted = _of(owner_id).where(Job.id == job_id).options(defer(Job.result, raiseload=True))
    job = await session.scalar(wanted)
    if job is None:
        raise NotFoundError(f"there is no job {job_id}")
    later = select(Event).where(Event.job_id == job_id, Event.id > event_id).order_by(Event.id).limit(limit)
    return News(job, (await session.scalars(later)).all())


async def counts(session: AsyncSession, owner_id: UUID | None = None) -> list[Count]:
    """Jobs by kind and state; of one owner, or of all."""
    costs = Job.gpu_seconds, Job.audio_seconds, Job.input_tokens, Job.output_tokens
    spent = [func.sum(cost).label(cost.key) for cost in (*costs, Job.run_seconds, Job.saved_audio_seconds)]
    heard = func.coalesce(func.sum(Job.run_seconds).filter(Job.audio_seconds > 0), 0.0).label("heard_seconds")
    # What was answered at submit has never been in a queue.
    cached = {"answered": Job.queued_at.is_(None), "attached": Job.queued_at.is_not(None)}
    shared = [func.count(Job.cached_from).filter(how).label(name) for name, how in cached.items()]
    counted = select(Job.kind, Job.state, func.count().label("jobs"), *spent, heard, *shared)
    grouped = counted.group_by(Job.kind, Job.state).order_by(Job.kind, Job.state)
    if owner_id is not None:
        grouped = grouped.where(Job.owner_id == owner_id)
    rows = await session.execute(grouped)
    return [Count(**{**row, "state": State(row["state"])}) for row in rows.mappings()]


def realtime_factor(run_seconds: float, audio_seconds: float) -> float | None:
    """Run time per second of audio; None without audio."""
    return run_seconds / audio_seconds if audio_seconds > 0 else None


def _of(owner_id: UUID) -> Select[Job]:
    return select(Job).where(Job.owner_id == owner_id)


def _filtered(wanted: Select[Job], filters: Filters) -> Select[Job]:
    if filters.states:
        wanted = wanted.where(Job.state.in_(filters.states))
    if filters.kind is not None:
        wanted = wanted.where(Job.kind == filters.kind)
    if filters.parent_id is not None:
        wanted = wanted.where(Job.parent_id == filters.parent_id)
    if filters.metadata:
        wanted = wanted.where(Job.labels.contains(filters.metadata), text("jobs.metadata <> '{}'"))  # As its index.
    return wanted


async def _views(session: AsyncSession, jobs: Sequence[Job]) -> list[JobView]:
    """Of many: their positions are left out."""
    made, needed = await _outputs(session, jobs), {job.id: list[UUID]() for job in jobs}
    for job_id, needs_id in await session.execute(_NEEDS, {"ids": list(needed)}):
        needed[job_id].append(needs_id)
    return [JobView(job, made[job.id], needed[job.id], None) for job in jobs]


async def _outputs(session: AsyncSession, jobs: Sequence[Job]) -> dict[UUID, list[Output]]:
    made: dict[UUID, list[Output]] = {job.id: [] for job in jobs}
    if any(job.state == State.SUCCEEDED for job in jobs):  # No other has any.
        for output in await session.scalars(select(Output).where(Output.job_id.in_(made)).order_by(Output.name)):
            made[output.job_id].append(output)
    return made
