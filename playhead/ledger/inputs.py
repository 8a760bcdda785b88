"""What a job works on.

One of ``{"file": id}``, ``{"url": ...}``, ``{"text": ...}`` and ``{"job": id, "output": name}``, or several of these:
``{"all": [...]}``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ScalarSelect, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.database import Executor
from playhead.errors import InvalidError
from playhead.ledger.locks import among
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


@dataclass(frozen=True)
class Wanted:
    """One input of a job to be, of this kind. ``field`` is where the request names it, for errors."""

    kind: str
    source: Source
    field: str


def wanted_by(kind: str, asked: Source, field: str) -> list[Wanted]:
    """The inputs of a job to be, in their order."""
    if "all" not in asked:
        return [Wanted(kind, asked, field)]
    return [Wanted(kind, source, f"{field}.all.{place}") for place, source in enumerate(asked["all"])]


async def find_contents(session: AsyncSession, owner_id: UUID, wanted: Sequence[Wanted]) -> list[str | None]:
    """The bytes that each of these is, so that they are kept for as long as a job needs them; None if not yet known.

    Raises:
        InvalidError: one is not there.
        InputQuarantinedError: one killed engines in jobs of its kind.
    """
    files = await _files(session, owner_id, {UUID(one.source["file"]) for one in wanted if "file" in one.source})
    made = await _made(session, owner_id, {UUID(one.source["job"]) for one in wanted if "job" in one.source})
    contents = [_content(one, files, made) for one in wanted]
    named = {
        (one.kind, sha256): f"{one.field}.{'file' if 'file' in one.source else 'output'}"
        for one, sha256 in zip(wanted, contents, strict=True)
        if sha256 is not None
    }
    await require_free(session, named)
    return contents


async def keep_several(session: AsyncSession, jobs: Iterable[tuple[UUID, Source, Sequence[str | None]]]) -> None:
    """Write down the inputs, and their contents, of those of these jobs that take several: one stands in its row."""
    rows = [
        {"job_id": job_id, "place": place, "sha256": sha256, "output": source.get("output")}
        | {"source_id": UUID(source["job"]) if "job" in source else None}
        for job_id, asked, contents in jobs
        for place, (source, sha256) in enumerate(zip(asked.get("all", ()), contents, strict=False))
    ]
    if rows:
        await session.execute(insert(JobInput), rows)


async def several(session: Executor, job_id: UUID) -> list[str | None]:
    """The bytes of each of several inputs, as far as they are known."""
    return list(
        await session.scalars(select(JobInput.sha256).where(JobInput.job_id == job_id).order_by(JobInput.place))
    )


async def label(session: Executor, source: Source) -> tuple[str | None, str | None]:
    """Name and media type of a file or an output, as far as the ledger still knows them."""
    if "file" in source:
        found = select(File.name, File.media_type).where(File.id == UUID(source["file"]))
    else:
        of_job = Output.job_id == UUID(source["job"])
        found = select(Output.name, Output.media_type).where(of_job, Output.name == source["output"])
    row = (await session.execute(found)).one_or_none()
    return (row.name, row.media_type) if row else (source.get("output"), None)


def made_for(maker: UUID) -> ScalarSelect[str]:
    """What the job in whose row this stands needs of this one's outputs."""
    made = select(Output.sha256).where(Output.job_id == maker, Output.name == Job.input["output"].astext)
    return made.correlate(Job).scalar_subquery()


async def hand_on(session: AsyncSession, maker: UUID) -> None:
    """Give those who take several inputs what they need of this one's outputs, whatever becomes of it.

    The rows of their jobs are locked.
    """
    made = select(Output.sha256).where(Output.job_id == maker, Output.name == JobInput.output)
    given = made.correlate(JobInput).scalar_subquery()
    some = update(JobInput).where(JobInput.source_id == maker).values(sha256=given)
    await session.execute(some.execution_options(synchronize_session=False))


async def _files(session: AsyncSession, owner_id: UUID, ids: Collection[UUID]) -> dict[UUID, str]:
    """The bytes of the owner's files, kept until the commit."""
    if not ids:
        return {}
    mine = select(File.id, File.sha256).where(among(File.id, ids), File.owner_id == owner_id)
    kept = mine.where(File.expires_at.is_(None) | (File.expires_at > func.now()))
    rows = await session.execute(kept.order_by(File.id).with_for_update(read=True))
    return {row.id: row.sha256 for row in rows}


async def _made(session: AsyncSession, owner_id: UUID, ids: Collection[UUID]) -> dict[UUID, dict[str, str]]:
    """What those of these jobs of the owner that succeeded made: the bytes by the name of the output."""
    if not ids:
        return {}
    theirs = select(Job.id, Output.name, Output.sha256).outerjoin(Output, Output.job_id == Job.id)
    succeeded = theirs.where(among(Job.id, ids), Job.owner_id == owner_id, Job.state == State.SUCCEEDED)
    made: dict[UUID, dict[str, str]] = {}
    for row in await session.execute(succeeded):
        made.setdefault(row.id, {})[row.name] = row.sha256
    return made


def _content(wanted: Wanted, files: Mapping[UUID, str], made: Mapping[UUID, Mapping[str, str]]) -> str | None:
    source = wanted.source
    if "file" in source and UUID(source["file"]) not in files:
        message = "there is no such file, or its time is over: upload it again"
        raise InvalidError(message, field=f"{wanted.field}.file")
    if "file" in source:
        return files[UUID(source["file"])]
    outputs = made.get(UUID(source["job"])) if "job" in source else None
    if outputs is None:
        return None
    if source["output"] not in outputs:
        message = f"job {source['job']} made no output {source['output']!r}"
        raise InvalidError(message, field=f"{wanted.field}.output")
    return outputs[source["output"]]
