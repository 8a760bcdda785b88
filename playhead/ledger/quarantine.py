"""Quarantine: content that killed engines is given to no engine again, by jobs of the kind in which it did.

Deaths are counted by content, whichever jobs they happened in. A success of the same content in the same kind ends the
count, and the quarantine: it does not always kill.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, any_, case, delete, exists, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, TEXT, insert
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.database import Executor
from playhead.errors import InputQuarantinedError, NotFoundError, StateConflictError
from playhead.ledger.locks import free_batch
from playhead.ledger.report import hold
from playhead.ledger.run import Run
from playhead.models import EngineDeaths, Job, JobInput, Output

BATCH = 500

_QUARANTINED = EngineDeaths.quarantined_at.is_not(None)


async def convict(session: AsyncSession, run: Run, message: str, after_deaths: int) -> str | None:
    """Count the death of an engine, described by ``message``, against the content that the run gave it.

    Gives what to tell of it where the content is in quarantine now: after so many deaths, or before this one. None
    where it is not, and with ``after_deaths`` of 0, which counts nothing.

    Raises:
        LeaseLostError: another has the job; nothing is counted.
    """
    if run.input_sha256 is None or not after_deaths:
        return None
    await hold(session, run)
    told = {"message": message, "attempt": run.attempt, "job_id": str(run.job_id)}
    known = {"kind": run.kind, "sha256": run.input_sha256}
    first = insert(EngineDeaths).values(
        **known,
        deaths=1,
        job_ids=[run.job_id],
        last_error=told,
        quarantined_at=func.now() if after_deaths == 1 else None,
    )
    counted = first.on_conflict_do_update(
        index_elements=[EngineDeaths.kind, EngineDeaths.sha256],
        set_={
            "deaths": EngineDeaths.deaths + 1,
            "job_ids": func.array_append(EngineDeaths.job_ids, run.job_id),
            "last_error": told,
            "last_at": func.now(),
            "quarantined_at": func.coalesce(
                EngineDeaths.quarantined_at, case((EngineDeaths.deaths + 1 >= after_deaths, func.now()))
            ),
        },
    )
    # Read off the statement itself: another job may be counting a death of the same content.
    deaths, since = (await session.execute(counted.returning(EngineDeaths.deaths, EngineDeaths.quarantined_at))).one()
    return None if since is None else f"Engines that this input ended so far: {deaths}. {_advice(**known)}"


async def acquit(session: AsyncSession, run: Run) -> None:
    """The run succeeded: forget the deaths that its content was blamed for."""
    if run.input_sha256 is not None:
        await session.execute(delete(EngineDeaths).where(*_of(run.kind, run.input_sha256)))


async def require_free(session: Executor, named: Mapping[tuple[str, str], str | None]) -> None:
    """Let no job of a kind begin with content that is in quarantine for it.

    ``named`` are pairs of a kind and a sha256, and where the request names that, if one does.

    Raises:
        InputQuarantinedError: one of them is.
    """
    if not named:
        return
    contents = literal(list({sha256 for _, sha256 in named}), ARRAY(TEXT))  # of which there may be thousands
    found = select(EngineDeaths.kind, EngineDeaths.sha256, EngineDeaths.deaths).where(_QUARANTINED)
    for row in await session.execute(found.where(EngineDeaths.sha256 == any_(contents))):
        if (row.kind, row.sha256) in named:
            message = f"engines that this input ended so far: {row.deaths}. {_advice(row.kind, row.sha256)}"
            raise InputQuarantinedError(message, field=named[row.kind, row.sha256])


def is_quarantined() -> ColumnElement[bool]:
    """True of the row of a job whose input is in quarantine, or one of several, as far as they are known."""
    theirs = exists().where(EngineDeaths.kind == Job.kind, EngineDeaths.sha256 == Job.input_sha256, _QUARANTINED)
    listed = EngineDeaths.sha256 == JobInput.sha256, JobInput.job_id == Job.id
    one_of_theirs = exists().where(EngineDeaths.kind == Job.kind, *listed, _QUARANTINED)
    return theirs.correlate(Job) | one_of_theirs.correlate(Job)


async def require_retryable(session: AsyncSession, job: Job) -> None:
    """Let a person retry the job only if it can come to something. What a URL gives is known once it is fetched.

    Raises:
        StateConflictError: its input is in quarantine, or one of several.
    """
    sha256 = job.input_sha256
    if sha256 is None and "job" in job.input:
        made = select(Output.sha256).where(Output.job_id == UUID(job.input["job"]), Output.name == job.input["output"])
        sha256 = await session.scalar(made)
    listed = (await session.scalars(select(JobInput.sha256).where(JobInput.job_id == job.id))).all()
    try:
        await require_free(session, {(job.kind, known): None for known in (sha256, *listed) if known is not None})
    except InputQuarantinedError as error:
        raise StateConflictError(error.message) from None


async def quarantined(session: AsyncSession, kind: str | None = None, *, limit: int) -> Sequence[EngineDeaths]:
    """What is in quarantine, of one kind or all, the latest first."""
    found = select(EngineDeaths).where(_QUARANTINED).order_by(EngineDeaths.quarantined_at.desc(), EngineDeaths.sha256)
    of_kind = found if kind is None else found.where(EngineDeaths.kind == kind)
    return (await session.scalars(of_kind.limit(limit))).all()


async def counts(session: AsyncSession) -> dict[str, int]:
    """How much content is in quarantine, by kind; kinds without any are left out."""
    found = select(EngineDeaths.kind, func.count().label("inputs")).where(_QUARANTINED)
    return {row.kind: row.inputs for row in await session.execute(found.group_by(EngineDeaths.kind))}


async def lift(session: AsyncSession, kind: str, sha256: str) -> None:
    """Let the content be tried again; its deaths are counted anew.

    Raises:
        NotFoundError: it is not in quarantine.
    """
    lifted = delete(EngineDeaths).where(*_of(kind, sha256), _QUARANTINED).returning(EngineDeaths.sha256)
    if await session.scalar(lifted) is None:
        raise NotFoundError(f"no such input is in quarantine for {kind} jobs: `playhead quarantine list`")


async def lift_all(session: AsyncSession, kind: str | None = None) -> int:
    """Let all content be tried again, or that of one kind. Gives how much."""
    lifted = delete(EngineDeaths).where(_QUARANTINED).returning(EngineDeaths.sha256)
    of_kind = lifted if kind is None else lifted.where(EngineDeaths.kind == kind)
    return len((await session.scalars(of_kind)).all())


async def drop_old(session: AsyncSession, kept_seconds: float) -> int:
    """Forget the deaths of content that has killed no engine for this long. Gives how many; 0 seconds keeps all."""
    if not kept_seconds:
        return 0
    old = select(EngineDeaths.kind, EngineDeaths.sha256).where(
        EngineDeaths.last_at < func.now() - timedelta(seconds=kept_seconds)
    )
    batch = free_batch(old, BATCH)
    gone = delete(EngineDeaths).where(EngineDeaths.kind == batch.c.kind, EngineDeaths.sha256 == batch.c.sha256)
    return len((await session.scalars(gone.returning(EngineDeaths.sha256))).all())


def _of(kind: str, sha256: str) -> tuple[ColumnElement[bool], ...]:
    return EngineDeaths.kind == kind, EngineDeaths.sha256 == sha256


def _advice(kind: str, sha256: str) -> str:
    lifting = f"`playhead quarantine lift {kind} {sha256}`"
    return f"It is in quarantine, and no {kind} job is given it until an operator lifts that: {lifting}"
