"""A job ends that others follow. All that is done here is the last of its transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, SQLColumnExpression, func, or_, select, text, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.ledger.dependents import abandon, enqueue_ready
from playhead.ledger.history import record_states
from playhead.ledger.locks import among, unhindered
from playhead.ledger.run import in_time
from playhead.ledger.sharing.serving import serve
from playhead.models import Flight, Job
from playhead.states import TERMINAL, State

BATCH = 500
"""Jobs that have the result of another in one transaction: each has a copy of it. The sweep does the rest."""
_KEYS = 50

_LEFT = text(
    """
    SELECT followed.key FROM (SELECT DISTINCT cache_key AS key FROM jobs WHERE follows) AS followed
    LEFT JOIN LATERAL (
        SELECT true AS flying FROM jobs
        WHERE id = (SELECT job_id FROM flights WHERE flights.key = followed.key)
          AND state IN ('waiting', 'queued', 'running') AND NOT follows
        LIMIT 1) AS leader ON true
    WHERE leader.flying IS NULL ORDER BY followed.key LIMIT :limit
    """
)


async def share_result(session: AsyncSession, done: UUID) -> None:
    """The job has succeeded: so have all that follow it, and all of the same that are queued."""
    for key in await _flights(session, [done]):
        await _serve_all(session, key, done)


async def share_failure(session: AsyncSession, failed: UUID, error: dict[str, Any]) -> None:
    """The job failed for good, and would whoever did it: so have all that follow it."""
    for key in await _flights(session, [failed]):
        found = await _free(session, _same(key, Job.follows))
        values = {"state": State.FAILED, "follows": False, "stage": None, "finished_at": func.now()}
        ended = update(Job).where(among(Job.id, found)).values(**values, error=error | {"attempt": 0})
        await session.execute(ended.execution_options(synchronize_session=False))
        await record_states(session, found)
        await abandon(session, found)


async def pass_on(session: AsyncSession, ended: Sequence[UUID]) -> None:
    """These jobs ended without a result: of those that follow each, the first takes its place."""
    if await _flights(session, ended):
        # Asked for each flight, not joined: as in playhead.ledger.locks.
        one = select(Job.id).where(Job.cache_key == Flight.key, Job.follows).limit(1).lateral()
        followed = select(Flight.key).join(one, true()).where(among(Flight.job_id, ended))
        for key in (await session.scalars(followed)).all():
            await _promote(session, key)


async def land_left(session: AsyncSession) -> int:
    """Go on with jobs that follow one that has ended, or is gone, and were held by somebody then. Gives how many."""
    return sum([await _land(session, key) for key in (await session.scalars(_LEFT, {"limit": _KEYS})).all()])


async def _land(session: AsyncSession, key: bytes) -> int:
    job_id = await session.scalar(select(Flight.job_id).where(Flight.key == key).with_for_update())
    # Asked again: somebody may have ended it, or taken its place, while this waited for the flight.
    found = select(Job.state, Job.follows).where(Job.id == job_id)
    leader = (await session.execute(found)).one_or_none()
    if job_id and leader and leader.state == State.SUCCEEDED:
        return await _serve_all(session, key, job_id)
    if leader and leader.state not in TERMINAL and not leader.follows:
        return 0
    return await _promote(session, key)


async def _serve_all(session: AsyncSession, key: bytes, done: UUID) -> int:
    found = await _free(session, _same(key, or_(Job.follows, Job.state == State.QUEUED)))
    await serve(session, dict.fromkeys(found, done))
    return len(found)


async def _promote(session: AsyncSession, key: bytes) -> int:
    first = _same(key, Job.follows).order_by(Job.priority.desc(), Job.id).limit(1)
    heirs = list(await session.scalars(first.with_for_update(skip_locked=True)))
    for heir in heirs:
        flight = insert(Flight).values(key=key, job_id=heir)
        await session.execute(flight.on_conflict_do_update(index_elements=[Flight.key], set_={"job_id": heir}))
        await session.execute(update(Job).where(Job.id == heir).values(follows=False, stage=None))
        await enqueue_ready(session, [heir])
    return len(heirs)


async def _flights(session: AsyncSession, job_ids: Sequence[UUID]) -> list[bytes]:
    """The keys of the work that these jobs do, or did: nobody joins them any more."""
    theirs = select(Flight.key).where(among(Flight.job_id, job_ids)).order_by(Flight.key)
    return list(await session.scalars(theirs.with_for_update()))


def _same(key: bytes, condition: SQLColumnExpression[bool]) -> Select[UUID]:
    """Those of the same work that may still be begun; what is late is for another sweep."""
    return select(Job.id).where(Job.cache_key == key, condition, in_time())


async def _free(session: AsyncSession, wanted: Select[UUID]) -> list[UUID]:
    """A batch of those that nobody else holds, nor any that waits for them."""
    found = list(await session.scalars(wanted.limit(BATCH).with_for_update(skip_locked=True)))
    return await unhindered(session, found) if found else []
