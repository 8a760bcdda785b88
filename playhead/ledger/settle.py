"""Settle: how a run ends. One transaction holds all of it: outputs, result, cost, state, dependents' tickets."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Collection
from dataclasses import asdict, astuple, dataclass
from datetime import timedelta
from typing import Any

from pydantic_core import to_json
from sqlalchemy import (
    TEXT,
    BigInteger,
    Double,
    Select,
    Uuid,
    bindparam,
    cast,
    column,
    exists,
    func,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.database import Executor, plainly
from playhead.errors import EngineDiedError, PlayheadError
from playhead.ledger.dependents import abandon, enqueue_ready, release
from playhead.ledger.files import keep_blobs
from playhead.ledger.history import TOLD_OF, record_states, recording
from playhead.ledger.quarantine import acquit, convict
from playhead.ledger.report import lost
from playhead.ledger.run import RELEASED, Run, change
from playhead.ledger.sharing.landing import pass_on, share_failure, share_result
from playhead.models import Dependency, EngineDeaths, Job
from playhead.settings import RetrySettings
from playhead.states import State
from playhead.storage import Blob

_RUN_SECONDS = Job.run_seconds + func.extract("epoch", func.now() - Job.started_at)

Confirm = Callable[[Collection[Blob]], Awaitable[None]]


@dataclass(frozen=True)
class Cost:
    """What a run used: time, and tokens of language models."""

    gpu_seconds: float = 0.0
    audio_seconds: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, more: Cost) -> Cost:
        return Cost(*(mine + others for mine, others in zip(astuple(self), astuple(more), strict=True)))


@dataclass(frozen=True)
class Made:
    """An output file whose bytes are already safe in the storage."""

    name: str
    sha256: str
    size_bytes: int
    media_type: str


_OUTPUTS = text(
    """
    INSERT INTO outputs (job_id, owner_id, name, sha256, size_bytes, media_type)
    SELECT :job_id, :owner_id, name, sha256, size_bytes, media_type FROM jsonb_to_recordset(CAST(:made AS jsonb))
        AS made(name text, sha256 text, size_bytes bigint, media_type text)
    """
)


async def succeed(
    session: AsyncSession, run: Run, result: dict[str, Any], made: Collection[Made], cost: Cost, confirm: Confirm
) -> None:
    """The work is done: everything it made becomes visible at once.

    ``confirm`` is :meth:`playhead.storage.Storage.confirm`: it makes sure of the bytes once their rows are held. The
    job's own row comes after that, so that nobody who wants to cancel it waits for the storage.

    Raises:
        LeaseLostError: another has the job.
        StorageError: bytes were cleared away since they were stored, or the storage cannot tell.
    """
    stored = {Blob(output.sha256, output.size_bytes) for output in made}
    await keep_blobs(session, stored)
    await confirm(stored)
    ended = {"state": State.SUCCEEDED, "progress": 1.0, "result": result, "error": None, "finished_at": func.now()}
    await _leave(session, run, ended | _spent(cost))
    if made:
        values = {"job_id": run.job_id, "owner_id": run.owner_id, "made": to_json(list(made)).decode()}
        await plainly(session, _OUTPUTS, values)
    await record_states(session, [run.job_id])
    await acquit(session, run)
    await release(session, run.job_id)
    if run.shares:
        await share_result(session, run.job_id)


@dataclass(frozen=True)
class Ended:
    """A run whose work is done and made no outputs: what it gave and what it cost."""

    run: Run
    result: dict[str, Any]
    cost: Cost


_HOLD = text(
    """
    SELECT jobs.id FROM jobs JOIN unnest(CAST(:ids AS uuid[]), CAST(:leases AS bigint[])) AS ended (id, lease)
        ON jobs.id = ended.id AND jobs.lease = ended.lease
    WHERE jobs.state = 'running' FOR NO KEY UPDATE OF jobs SKIP LOCKED
    """
)


def _succeeding() -> Select[*tuple[Any, ...]]:
    """Of the runs ``ended`` (JSON) those succeed that nothing else hangs on. Gives their leases."""
    spent = {name: column(name, Double) for name in Cost.__dataclass_fields__}
    told = (column("id", Uuid), column("lease", BigInteger), column("input_sha256", TEXT), column("result", JSONB))
    rows = func.jsonb_to_recordset(cast(bindparam("ended"), JSONB))
    ended = rows.table_valued(*told, *spent.values(), name="ended").render_derived(with_types=True)
    values = {"state": State.SUCCEEDED, "progress": 1.0, "result": ended.c.result, "error": None}
    values |= {name: getattr(Job, name) + ended.c[name] for name in spent}
    values |= {"run_seconds": _RUN_SECONDS, "finished_at": func.now()}
    blamed = exists().where(EngineDeaths.kind == Job.kind, EngineDeaths.sha256 == ended.c.input_sha256)
    needed = exists().where(Dependency.needs_id == Job.id)
    held = Job.id == ended.c.id, Job.lease == ended.c.lease, Job.state == State.RUNNING
    settled = update(Job).where(*held, ~Job.shares, ~blamed, ~needed).values(**RELEASED | values)
    changed = settled.returning(*TOLD_OF, ended.c.lease.label("left")).cte("changed")
    return recording(changed, changed.c.left)


_SUCCEED = _succeeding()


async def succeed_free(session: Executor, ended: Collection[Ended]) -> set[int]:
    """As :func:`succeed`, for several runs without outputs; but only those that nobody and nothing keeps.

    For whoever ends several: it waits for no job, so that none waits for another, or for ever. What another
    transaction holds, what others wait for or share, and what was blamed for the death of an engine is left to
    :func:`succeed`; so is what was lost. Gives the leases of those that ended.
    """
    # Held first, and then asked what hangs on them: whoever is to wait for a job holds it while that is written.
    given = {"ids": [one.run.job_id for one in ended], "leases": [one.run.lease for one in ended]}
    held = set(await session.scalars(_HOLD, given))
    rows = [_row(one) for one in ended if one.run.job_id in held]
    return set(await session.scalars(_SUCCEED, {"ended": to_json(rows).decode()})) if rows else set()


def _row(ended: Ended) -> dict[str, Any]:
    run = ended.run
    known = {"id": run.job_id, "lease": run.lease, "input_sha256": run.input_sha256}
    return known | {"result": ended.result} | asdict(ended.cost)


async def fail(session: AsyncSession, run: Run, error: PlayheadError, cost: Cost, retry: RetrySettings) -> State:
    """The attempt failed: the job waits for the next one, or is a dead letter. Gives the state it now has.

    The death of an engine counts against the content that killed it: there may be no next one.
    """
    # PostgreSQL keeps neither NUL nor half a surrogate pair in text, and a message may quote hostile input.
    message = error.message.replace("\0", "\ufffd").encode(errors="replace").decode()
    died = isinstance(error, EngineDiedError)
    verdict = await convict(session, run, message, retry.quarantine_after) if died else None
    told = {"code": error.code, "message": f"{message} {verdict}" if verdict else message, "attempt": run.attempt}
    if not error.transient or run.last or verdict:
        await _leave(session, run, {"state": State.FAILED, "error": told, "finished_at": func.now()} | _spent(cost))
        await record_states(session, [run.job_id])
        await abandon(session, [run.job_id])
        if run.shares:
            lasting = not error.transient or verdict
            await (share_failure(session, run.job_id, told) if lasting else pass_on(session, [run.job_id]))
        return State.FAILED
    # Whoever asks a busy server before it wants to be asked spends all attempts of a job within seconds.
    asked_for = min(error.retry_after_seconds or 0.0, retry.cap_seconds)
    due = func.now() + timedelta(seconds=max(asked_for, backoff_seconds(run.attempt, retry)))
    await _leave(session, run, {"state": State.WAITING, "error": told, "run_at": due} | _spent(cost))
    await record_states(session, [run.job_id])
    return State.WAITING


async def give_back(session: AsyncSession, run: Run, cost: Cost) -> None:
    """The worker stops: the job is queued again at once, and the attempt is not counted."""
    await _leave(session, run, {"state": State.WAITING, "attempt": Job.attempt - 1, "run_at": None} | _spent(cost))
    await enqueue_ready(session, [run.job_id])


def backoff_seconds(attempt: int, retry: RetrySettings) -> float:
    """How long to wait after this many attempts: full jitter under a doubling bound.

    Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """
    bound = min(retry.cap_seconds, retry.base_seconds * 2.0 ** min(attempt - 1, 60))
    return secrets.SystemRandom().uniform(0.0, bound)


async def _leave(session: AsyncSession, run: Run, values: dict[str, Any]) -> None:
    left = await plainly(session, change(run).values(**RELEASED | values).returning(Job.id))
    if left.one_or_none() is None:
        raise lost(run)


def _spent(cost: Cost) -> dict[str, Any]:
    spent = {name: getattr(Job, name) + used for name, used in asdict(cost).items()}
    return spent | {"run_seconds": _RUN_SECONDS}
