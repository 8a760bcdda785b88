"""Submit: a job is accepted, its ticket with it, in the caller's transaction."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import ColumnElement, func, null, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.errors import IdempotencyMismatchError, InvalidError
from playhead.identity import new_id
from playhead.ledger import inputs
from playhead.ledger.dependents import enqueue_ready
from playhead.ledger.history import record_states
from playhead.models import Dependency, Job
from playhead.states import TERMINAL, Priority, State


@dataclass(frozen=True)
class Submission:
    """A job that someone asks for, already valid by itself.

    Attributes:
        input: as :mod:`playhead.ledger.inputs` says.
        after: jobs that must succeed first.
        run_at: not before this time.
        expires_in_seconds: not begun within this time from now, it expires.
        idempotency_key: the same key again gives the same job.
    """

    owner_id: UUID
    kind: str
    queue: str
    params: dict[str, Any]
    input: dict[str, Any]
    max_attempts: int
    priority: Priority = Priority.NORMAL
    run_at: datetime | None = None
    expires_in_seconds: float | None = None
    after: Sequence[UUID] = ()
    metadata: dict[str, Any] = field(default_factory=dict)
    idempotency_key: str | None = None
    trace_id: str = field(default_factory=lambda: secrets.token_hex(16))

    def digest(self) -> bytes:
        """What makes two requests the same: everything asked for but the trace."""
        asked = {name: value for name, value in vars(self).items() if name not in {"trace_id", "idempotency_key"}}
        return hashlib.sha256(to_json(dict(sorted(asked.items())))).digest()


async def submit(session: AsyncSession, wanted: Submission) -> UUID:
    """Accept the job, or find the one that an earlier request with the same key made. Gives its id.

    Raises:
        InvalidError: the input or a dependency is not there, or can no longer succeed.
        InputQuarantinedError: the input killed engines in jobs of this kind.
        IdempotencyMismatchError: the key was used for another request.
    """
    known = await _same_key(session, wanted)
    if known is not None:
        return known
    needs = await _dependencies(session, wanted)
    contents = await inputs.find_contents(session, wanted.owner_id, wanted.kind, wanted.input)
    job_id = await _insert(session, wanted, contents, needs)
    if job_id is None:  # Another request with this key was committed meanwhile. Its job may be deleted again by now.
        return await submit(session, wanted)
    await inputs.keep_several(session, job_id, wanted.input, contents)
    if needs:
        await session.execute(insert(Dependency), [{"job_id": job_id, "needs_id": need} for need in needs])
    if not await enqueue_ready(session, [job_id]):
        await record_states(session, [job_id])
    return job_id


async def _same_key(session: AsyncSession, wanted: Submission) -> UUID | None:
    if wanted.idempotency_key is None:
        return None
    same = select(Job.id, Job.request_digest).where(
        Job.owner_id == wanted.owner_id, Job.idempotency_key == wanted.idempotency_key
    )
    found = (await session.execute(same)).one_or_none()
    if found is None:
        return None
    if found.request_digest != wanted.digest():
        message = "this key already made another job: use a new key for a new request"
        raise IdempotencyMismatchError(message, field="Idempotency-Key")
    # None if it is deleted at this moment; else it is there until the request is answered.
    there = select(Job.id).where(Job.id == found.id).with_for_update(read=True, key_share=True)
    return await session.scalar(there)


async def _dependencies(session: AsyncSession, wanted: Submission) -> dict[UUID, bool]:
    """Each job that must succeed first, and whether it has. Locked against settling until the commit."""
    needs = sorted({*wanted.after, *inputs.makers(wanted.input)})
    if not needs:
        return {}
    there = select(Job.id, Job.state).where(Job.owner_id == wanted.owner_id, Job.id.in_(needs)).order_by(Job.id)
    states = {row.id: State(row.state) for row in await session.execute(there.with_for_update(read=True))}
    for need in needs:
        name = "after" if need in wanted.after else "input.job"
        if need not in states:
            raise InvalidError(f"there is no job {need}", field=name)
        if states[need] in TERMINAL - {State.SUCCEEDED}:
            raise InvalidError(f"job {need} is {states[need]}: retry it first", field=name)
    return {need: states[need] is State.SUCCEEDED for need in needs}


async def _insert(
    session: AsyncSession, wanted: Submission, contents: Sequence[str | None], needs: dict[UUID, bool]
) -> UUID | None:
    row = insert(Job).values(
        id=new_id(after=needs),  # the order of the ids is that in which locks are taken
        owner_id=wanted.owner_id,
        kind=wanted.kind,
        queue=wanted.queue,
        state=State.WAITING,
        priority=wanted.priority.rank,
        params=wanted.params,
        input=wanted.input,
        labels=wanted.metadata,
        input_sha256=None if "all" in wanted.input else contents[0],
        idempotency_key=wanted.idempotency_key,
        request_digest=wanted.digest() if wanted.idempotency_key else None,
        trace_id=wanted.trace_id,
        max_attempts=wanted.max_attempts,
        waits_for=sum(not met for met in needs.values()),
        run_at=wanted.run_at,
        expires_at=_deadline(wanted.expires_in_seconds),
    )
    once = row.on_conflict_do_nothing(
        index_elements=[Job.owner_id, Job.idempotency_key], index_where=Job.idempotency_key.is_not(None)
    )
    return await session.scalar(once.returning(Job.id))


def _deadline(seconds: float | None) -> ColumnElement[Any]:
    return null() if seconds is None else func.now() + timedelta(seconds=seconds)
