"""Submit: jobs are accepted, their tickets with them, in the caller's transaction."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.digests import digest_of
from playhead.errors import IdempotencyMismatchError, InvalidError
from playhead.identity import new_id
from playhead.ledger import inputs
from playhead.ledger.dependents import begin
from playhead.ledger.inserting import insert_jobs, insert_needs
from playhead.ledger.locks import among
from playhead.ledger.sharing.answering import answer
from playhead.ledger.sharing.keys import contents_of, key_of
from playhead.models import Job
from playhead.owners import base_of
from playhead.states import TERMINAL, Priority, State

_BESIDE = frozenset(
    {"chosen_params", "trace_id", "idempotency_key", "id", "parent_id", "input_field", "after_field", "tiers", "base"}
    | {"work"}
)

Contents = Sequence[str | None]
"""The sha256 of each input of a job, in their order; None where it is not yet known."""


@dataclass(frozen=True)
class Submission:
    """A job that someone asks for, already valid by itself.

    Attributes:
        input: as :mod:`playhead.ledger.inputs` says.
        after: jobs that must succeed first.
        chosen_params: those that are not as by default; all, if not given. A request is known by them, so that it is
            known still when a later version has more.
        timeout_seconds: longest time of an attempt; None bounds none.
        tiers: what the tier of its owner adds to the rank of the priority; all are alike, if not given.
        base: what is added to that rank instead; with :data:`playhead.states.FIRST_BASE` it goes ahead of every tier.
        run_at: not before this time.
        expires_in_seconds: not begun within this time from now, it expires.
        idempotency_key: the same key again gives the same job.
        work: what is to be done, as :func:`playhead.ledger.sharing.keys.work_of` has it, where the result of another
            job that did the same will do; None asks for a run of its own.
        id: where others that are submitted with it name it; else it gets one.
        parent_id: the batch that it belongs to.
        input_field: where the request names the input, for errors; ``after_field`` likewise.
    """

    owner_id: UUID
    kind: str
    queue: str
    params: dict[str, Any]
    input: dict[str, Any]
    max_attempts: int
    timeout_seconds: float | None = None
    priority: Priority = Priority.NORMAL
    tiers: Mapping[str, int] = field(default_factory=dict)
    base: int | None = None
    run_at: datetime | None = None
    expires_in_seconds: float | None = None
    after: Sequence[UUID] = ()
    metadata: dict[str, Any] = field(default_factory=dict)
    idempotency_key: str | None = None
    trace_id: str = field(default_factory=lambda: secrets.token_hex(16))
    work: bytes | None = None
    id: UUID | None = None
    parent_id: UUID | None = None
    chosen_params: dict[str, Any] | None = None
    input_field: str = "input"
    after_field: str = "after"

    def digest(self) -> bytes:
        """What makes two requests the same: everything asked for."""
        asked = {name: value for name, value in vars(self).items() if name not in _BESIDE}
        asked["params"] = self.known_params
        if self.timeout_seconds is None:  # As it was before jobs had one: their keys are known still.
            del asked["timeout_seconds"]
        return digest_of(asked)

    @property
    def known_params(self) -> dict[str, Any]:
        """The params that the request is known by."""
        return self.params if self.chosen_params is None else self.chosen_params

    def needs(self) -> set[UUID]:
        """The jobs that must succeed first."""
        return {*self.after, *inputs.makers(self.input)}


async def submit(session: AsyncSession, wanted: Submission) -> UUID:
    """Accept the job, or find the one that an earlier request with the same key made. Gives its id.

    Raises:
        InvalidError: the input or a dependency is not there, or can no longer succeed.
        InputQuarantinedError: the input killed engines in jobs of this kind.
        IdempotencyMismatchError: the key was used for another request.
    """
    return await find_known(session, wanted) or await accept(session, wanted)


async def accept(session: AsyncSession, wanted: Submission) -> UUID:
    """As :func:`submit`, once :func:`find_known` has found none."""
    made = await submit_all(session, [wanted], now=True)
    if not made:  # Another request with this key was committed meanwhile. Its job may be deleted again by now.
        return await submit(session, wanted)
    return made[0]


async def submit_all(session: AsyncSession, wanted: Sequence[Submission], *, now: bool = False) -> list[UUID]:
    """Accept these jobs of one owner, all or none; but none twice whose key is known. Gives the ids of those made.

    They may need one another by their ids, each only such as come before it, and whose ids are smaller. With ``now``
    those whose work has been done succeed at once; else when they are looked at. It holds what they are answered from:
    so it is for whoever takes no more locks after it.

    Raises:
        InvalidError, InputQuarantinedError: as :func:`submit`.
    """
    unmet = await find_unmet(session, wanted)
    return await store(session, wanted, unmet, await find_contents(session, wanted), now=now)


async def store(
    session: AsyncSession,
    wanted: Sequence[Submission],
    unmet: Collection[UUID],
    contents: Sequence[Contents],
    *,
    now: bool = False,
) -> list[UUID]:
    """Make these jobs, but none twice whose key is known, once what they need has been found. Gives the ids."""
    # The order of the ids is that in which locks are taken.
    given = [(one, one.id or new_id(after=one.needs()), known) for one, known in zip(wanted, contents, strict=True)]
    base = await base_of(session, wanted[0].owner_id, wanted[0].tiers) if wanted else 0
    rows = [_row(*each, base=base, waits_for=len(each[0].needs().intersection(unmet))) for each in given]
    made = await insert_jobs(session, rows)
    given = [each for each in given if each[1] in made]
    await inputs.keep_several(session, [(job_id, one.input, known) for one, job_id, known in given])
    await insert_needs(session, [(job_id, need) for one, job_id, _ in given for need in one.needs()])
    job_ids = [job_id for _, job_id, _ in given]
    keys = {job_id: _key(one, known) for one, job_id, known in given} if now else {}
    answered = await answer(session, {job_id: key for job_id, key in keys.items() if key})
    await begin(session, [job_id for job_id in job_ids if job_id not in answered])
    return job_ids


async def find_contents(session: AsyncSession, wanted: Sequence[Submission]) -> list[Contents]:
    """The bytes of each input of each of these jobs, as far as they are known; kept from now on.

    Raises:
        InvalidError, InputQuarantinedError: as :func:`submit`.
    """
    asked = [inputs.wanted_by(one.kind, one.input, one.input_field) for one in wanted]
    found = iter(await inputs.find_contents(session, wanted[0].owner_id, [source for one in asked for source in one]))
    return [[next(found) for _ in one] for one in asked]


def _key(wanted: Submission, known: Contents) -> bytes | None:
    return key_of(wanted.work, contents_of(wanted.input, known)) if wanted.work else None


def _row(wanted: Submission, job_id: UUID, known: Contents, *, base: int, waits_for: int) -> dict[str, Any]:
    base = base if wanted.base is None else wanted.base
    key = _key(wanted, known)
    return {
        "input_sha256": None if "all" in wanted.input else known[0],
        "waits_for": waits_for,
        "id": job_id,
        "owner_id": wanted.owner_id,
        "kind": wanted.kind,
        "queue": wanted.queue,
        "priority": wanted.priority.rank + base,
        "base_priority": base,
        "params": wanted.params,
        "input": wanted.input,
        "metadata": wanted.metadata,
        "idempotency_key": wanted.idempotency_key,
        "request_digest": wanted.digest().hex() if wanted.idempotency_key else None,
        "trace_id": wanted.trace_id,
        "max_attempts": wanted.max_attempts,
        "timeout_seconds": wanted.timeout_seconds,
        "parent_id": wanted.parent_id,
        "run_at": wanted.run_at,
        "expires_in_seconds": wanted.expires_in_seconds,
        "shares": wanted.work is not None,
        "cache_key": key.hex() if key else None,
    }


async def find_known(session: AsyncSession, wanted: Submission) -> UUID | None:
    """The job that an earlier request with the same key made.

    Raises:
        IdempotencyMismatchError: the key was used for another request.
    """
    if wanted.idempotency_key is None:
        return None
    same = select(Job.id, Job.request_digest).where(
        Job.owner_id == wanted.owner_id, Job.idempotency_key == wanted.idempotency_key
    )
    found = (await session.execute(same)).one_or_none()
    if found is None:
        return None
    # None of a job that was made before digests were as they are.
    if found.request_digest not in (None, wanted.digest()):
        message = "this key already made another job: use a new key for a new request"
        raise IdempotencyMismatchError(message, field="Idempotency-Key")
    # None if it is deleted at this moment; else it is there until the request is answered.
    there = select(Job.id).where(Job.id == found.id).with_for_update(read=True, key_share=True)
    return await session.scalar(there)


async def find_unmet(session: AsyncSession, wanted: Sequence[Submission]) -> set[UUID]:
    """Of the jobs that must succeed first, those that have not. Locked against settling until the commit.

    Raises:
        InvalidError: one is not there, or can no longer succeed.
    """
    ours = {one.id for one in wanted}
    others = sorted({need for one in wanted for need in one.needs()} - ours)
    states: dict[UUID, State] = {}
    if others:
        there = select(Job.id, Job.state).where(Job.owner_id == wanted[0].owner_id, among(Job.id, others))
        rows = await session.execute(there.order_by(Job.id).with_for_update(read=True))
        states = {row.id: State(row.state) for row in rows}
    for one in wanted:
        _require_hopeful(one, one.needs() - ours, states)
    return {need for one in wanted for need in one.needs() if states.get(need) is not State.SUCCEEDED}


def _require_hopeful(wanted: Submission, others: Collection[UUID], states: dict[UUID, State]) -> None:
    for need in sorted(others):
        name = wanted.after_field if need in wanted.after else f"{wanted.input_field}.job"
        if need not in states:
            raise InvalidError(f"there is no job {need}", field=name)
        if states[need] in TERMINAL - {State.SUCCEEDED}:
            raise InvalidError(f"job {need} is {states[need]}: retry it first", field=name)
