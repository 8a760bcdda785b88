from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.errors import IdempotencyMismatchError
from playhead.identity import new_id
from playhead.ledger.submit import Submission, find_unmet, submit_all
from playhead.models import Batch

AT_ONCE = 1000
"""Children whose rows are written in one statement."""


@dataclass(frozen=True)
class BatchSubmission:
    """A batch that someone asks for, already valid by itself.

    Attributes:
        children: those that need others after those.
        kind: of all children, where they are alike.
        recipe: the one that they were made by.
        names: of the jobs of a graph: their ids, which the children bear.
        idempotency_key: the same key again gives the same batch.
        request_digest: of all that was asked for.
    """

    owner_id: UUID
    children: Sequence[Submission]
    trace_id: str
    kind: str | None = None
    recipe: str | None = None
    names: Mapping[str, UUID] | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    idempotency_key: str | None = None
    request_digest: bytes = b""


async def create(session: AsyncSession, wanted: BatchSubmission, *, now: bool = False) -> UUID:
    """Accept the batch with all its children, or find the one that an earlier request with the same key made.

    ``now`` is as in :func:`playhead.ledger.submit.submit_all`.

    Raises:
        InvalidError, InputQuarantinedError: as :func:`playhead.ledger.submit.submit`, of any child.
        IdempotencyMismatchError: the key was used for another request.
    """
    batch_id = await _insert(session, wanted)
    if batch_id is None:
        return await find_known(session, wanted) or await create(session, wanted, now=now)
    children = list(_numbered(wanted.children, batch_id))
    await find_unmet(session, children)  # all of them first: locks are taken in the order of the ids
    for start in range(0, len(children), AT_ONCE):
        await submit_all(session, children[start : start + AT_ONCE], now=now)
    return batch_id


def _numbered(children: Sequence[Submission], batch_id: UUID) -> Iterator[Submission]:
    """The children with their ids, which are in their order."""
    last: list[UUID] = []
    for child in children:
        # The clock alone would not do: one that works on what a machine ahead of it made comes after the next.
        job_id = child.id or new_id(after=[*child.needs(), *last])
        yield replace(child, id=job_id, parent_id=batch_id)
        last = [job_id]


async def _insert(session: AsyncSession, wanted: BatchSubmission) -> UUID | None:
    row = insert(Batch).values(
        id=new_id(),
        owner_id=wanted.owner_id,
        kind=wanted.kind,
        recipe=wanted.recipe,
        names=None if wanted.names is None else {name: str(job_id) for name, job_id in wanted.names.items()},
        total=len(wanted.children),
        labels=dict(wanted.metadata),
        idempotency_key=wanted.idempotency_key,
        request_digest=wanted.request_digest if wanted.idempotency_key else None,
        trace_id=wanted.trace_id,
    )
    once = row.on_conflict_do_nothing(
        index_elements=[Batch.owner_id, Batch.idempotency_key], index_where=Batch.idempotency_key.is_not(None)
    )
    return await session.scalar(once.returning(Batch.id))


async def find_known(session: AsyncSession, wanted: BatchSubmission) -> UUID | None:
    """The batch that an earlier request with the same key made; None if it was deleted at this moment.

    Raises:
        IdempotencyMismatchError: the key was used for another request.
    """
    if wanted.idempotency_key is None:
        return None
    same = select(Batch.id, Batch.request_digest).where(
        Batch.owner_id == wanted.owner_id, Batch.idempotency_key == wanted.idempotency_key
    )
    found = (await session.execute(same.with_for_update(read=True, key_share=True))).one_or_none()
    if found is not None and found.request_digest != wanted.request_digest:
        message = "this key already made another batch: use a new key for a new request"
        raise IdempotencyMismatchError(message, field="Idempotency-Key")
    return found.id if found else None
