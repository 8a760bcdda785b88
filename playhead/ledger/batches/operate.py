"""What a person may do to a batch: it reaches the children."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.errors import NotFoundError, StateConflictError
from playhead.ledger.batches.read import FAILURES
from playhead.ledger.dependents import abandon, able_to_wait, begin, revive
from playhead.ledger.history import record_states
from playhead.ledger.locks import among, at_any_distance, detach, lock
from playhead.ledger.operate import ANEW
from playhead.ledger.quarantine import is_quarantined
from playhead.ledger.run import RELEASED
from playhead.ledger.sharing.landing import pass_on
from playhead.models import Batch, Job
from playhead.states import CANCEL, TERMINAL


async def cancel(session: AsyncSession, owner_id: UUID, batch_id: UUID) -> None:
    """End every child that has not ended.

    Raises:
        NotFoundError: the owner has no such batch.
        StateConflictError: all of them have ended.
    """
    await _hold(session, owner_id, batch_id)
    error = func.jsonb_build_object(
        "code", "canceled", "message", "canceled with its batch, on request", "attempt", Job.attempt
    )
    ending = RELEASED | {"state": CANCEL.after, "finished_at": func.now(), "error": error}
    open_ = update(Job).where(Job.parent_id == batch_id, Job.state.in_(CANCEL.before))
    ended = list(await session.scalars(open_.values(**ending).returning(Job.id)))
    if not ended:
        raise StateConflictError("every job of the batch has ended")
    await record_states(session, ended)
    await abandon(session, ended)
    await pass_on(session, ended)


async def retry(session: AsyncSession, owner_id: UUID, batch_id: UUID) -> None:
    """Give every child that ended without success all its attempts anew, but those that a person left out.

    Raises:
        NotFoundError: the owner has no such batch.
        StateConflictError: there is none, or none that could begin.
    """
    await _hold(session, owner_id, batch_id)
    failed = Job.state.in_(FAILURES)
    found = await session.scalars(select(Job.id).where(Job.parent_id == batch_id, failed, ~is_quarantined()))
    retried = await able_to_wait(session, list(found))
    if not retried:
        raise StateConflictError("no job of the batch can be retried: none failed, was canceled or expired")
    anew = update(Job).where(among(Job.id, retried)).values(**ANEW)
    await session.execute(anew.execution_options(synchronize_session=False))
    await revive(session, retried)
    await begin(session, retried)


async def remove(session: AsyncSession, owner_id: UUID, batch_id: UUID) -> None:
    """Forget a batch that has ended, with all its children.

    Raises:
        NotFoundError: the owner has no such batch.
        StateConflictError: one of them has not ended.
    """
    children = await _hold(session, owner_id, batch_id)
    open_ = exists().where(Job.parent_id == batch_id, Job.state.not_in(TERMINAL))
    if await session.scalar(select(open_)):
        raise StateConflictError("not every job of the batch has ended: cancel it first")
    await detach(session, children)
    await session.execute(delete(Batch).where(Batch.id == batch_id))


async def _hold(session: AsyncSession, owner_id: UUID, batch_id: UUID) -> list[UUID]:
    """Lock the batch, its children and all that wait for them, and give the children."""
    mine = select(Batch.id).where(Batch.id == batch_id, Batch.owner_id == owner_id)
    # Shared with foreign keys: PostgreSQL checks that of a child, for one who holds it, at its second change.
    if await session.scalar(mine.with_for_update(key_share=True)) is None:
        raise NotFoundError(f"there is no batch {batch_id}")
    children = list(await session.scalars(select(Job.id).where(Job.parent_id == batch_id)))
    # In one go: what waits for the first of them may come before the last. A union: PostgreSQL reads OR as every job.
    await lock(session, select(Job.id).where(among(Job.id, children)).union(at_any_distance(children)))
    return children
