"""What a job works on.

One of ``{"file": id}``, ``{"url": ...}``, ``{"text": ...}`` and ``{"job": id, "output": name}``, or several of these:
``{"all": [...]}``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.errors import InvalidError
from playhead.ledger.quarantine import require_free
from playhead.models import File, Job, JobInput, Output
from playhead.states import State

Source = Mapping[str, Any]
"""One input."""


def sources(asked: Source) -> Sequence[Source]:
    """The inputs of a job, one or several, in their order."""
    listed: Sequence[Source] = asked.get("all", [asked])
    return listed


def makers(asked: Source) -> set[UUID]:
    """The jobs that make inputs of this one."""
    return {UUID(source["job"]) for source in sources(asked) if "job" in source}


async def find_contents(session: AsyncSession, owner_id: UUID, kind: str, asked: Source) -> list[str | None]:
    """The bytes that each input is, so that they are kept for as long as the job needs them; None if not yet known.

    Raises:
        InvalidError: an input is not there.
        InputQuarantinedError: one killed engines in jobs of this kind.
    """
    found = []
    for place, source in enumerate(sources(asked)):
        field = f"input.all.{place}" if "all" in asked else "input"
        sha256 = await _content(session, owner_id, source, field)
        if sha256 is not None:
            await require_free(session, kind, sha256, field=f"{field}.{'file' if 'file' in source else 'output'}")
        found.append(sha256)
    return found


async def keep_several(session: AsyncSession, job_id: UUID, asked: Source, contents: Sequence[str | None]) -> None:
    """Write down the inputs of a job that takes several; what one takes stands in its own row."""
    if "all" not in asked:
        return
    rows = [
        {"job_id": job_id, "place": place, "sha256": sha256, "output": source.get("output")}
        | {"source_id": UUID(source["job"]) if "job" in source else None}
        for place, (source, sha256) in enumerate(zip(asked["all"], contents, strict=True))
    ]
    await session.execute(insert(JobInput), rows)


async def several(session: AsyncSession, job_id: UUID) -> list[str | None]:
    """The bytes of each of several inputs, as far as they are known."""
    return list(
        await session.scalars(select(JobInput.sha256).where(JobInput.job_id == job_id).order_by(JobInput.place))
    )


async def hand_on(session: AsyncSession, maker: UUID, dependents: Sequence[UUID]) -> None:
    """Give these jobs, whose rows are locked, what they need of this one's outputs, whatever becomes of it."""
    made = select(Output.sha256).where(Output.job_id == maker)
    given = made.where(Output.name == Job.input["output"].astext).correlate(Job).scalar_subquery()
    one = update(Job).where(Job.id.in_(dependents), Job.input["job"].astext == str(maker)).values(input_sha256=given)
    await session.execute(one.execution_options(synchronize_session=False))
    among = made.where(Output.name == JobInput.output).correlate(JobInput).scalar_subquery()
    some = update(JobInput).where(JobInput.source_id == maker).values(sha256=among)
    await session.execute(some.execution_options(synchronize_session=False))


async def _content(session: AsyncSession, owner_id: UUID, source: Source, field: str) -> str | None:
    if "file" in source:
        mine = select(File.sha256).where(File.id == UUID(source["file"]), File.owner_id == owner_id)
        kept = mine.where(File.expires_at.is_(None) | (File.expires_at > func.now()))
        sha256 = await session.scalar(kept.with_for_update(read=True))
        if sha256 is None:
            message = "there is no such file, or its time is over: upload it again"
            raise InvalidError(message, field=f"{field}.file")
        return sha256
    if "job" in source:
        return await _output(session, UUID(source["job"]), source["output"], f"{field}.output")
    return None


async def _output(session: AsyncSession, job_id: UUID, name: str, field: str) -> str | None:
    """The bytes of another job's output; None while that job has not ended."""
    sha256 = await session.scalar(select(Output.sha256).where(Output.job_id == job_id, Output.name == name))
    if sha256 is None and await session.scalar(select(Job.state).where(Job.id == job_id)) == State.SUCCEEDED:
        raise InvalidError(f"job {job_id} made no output {name!r}", field=field)
    return sha256
