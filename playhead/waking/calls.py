"""Calls of the hook, as the ledger has them: each is one process's to make, and its end is written once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, SQLColumnExpression, Update, delete, func, literal, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.models import Wake
from playhead.settings import WakeSettings
from playhead.waking.wishing import OPEN, in_vain

MARGIN_SECONDS = 5.0
"""A call is thought to be over so long after it has to be: its end takes a moment to be written."""
CAP_SECONDS = 900.0
"""The longest pause between calls for work that goes on to wait."""
_DOUBLINGS = 20
"""More make no difference under the cap, and a power of two that is too large would be an error."""

_WAITING = "count(*) AS jobs, extract(epoch FROM now() - min(coalesce(job.queued_at, job.created_at))) AS age"
_IN_VAIN = text(
    f"""
    SELECT waiting.jobs, waiting.age FROM wakes AS wake CROSS JOIN LATERAL ({in_vain("jobs", _WAITING)}) AS waiting
    WHERE wake.queue = :queue AND {OPEN}
    """  # noqa: S608 - constants
)
_FORGET_TRIES = text(
    f"""
    UPDATE wakes AS wake SET tries = 0, look_at = NULL
    WHERE tries > 0 AND NOT pending AND NOT ({OPEN} AND EXISTS ({in_vain("jobs")}))
    """  # noqa: S608 - constants
)


@dataclass(frozen=True)
class Call:
    """A call that is ours to make.

    Attributes:
        waiting: jobs that no living worker would take.
        oldest_age_seconds: how long the oldest of them has been waiting.
    """

    id: UUID
    queue: str
    waiting: int
    oldest_age_seconds: float


async def arm(session: AsyncSession, hook: WakeSettings, lost_after_seconds: float) -> None:
    """Let wishes be written for the queues of this hook, and for no others."""
    wanted: dict[str, tuple[float, float]] = dict.fromkeys(hook.queues, (hook.every_seconds, lost_after_seconds))
    rows = await session.execute(select(Wake.queue, Wake.every_seconds, Wake.lost_after_seconds))
    there = {queue: (every, lost) for queue, every, lost in rows}
    # Nothing is locked where all is so already: whoever submits meanwhile would pass over the row.
    if gone := there.keys() - wanted.keys():
        await session.execute(delete(Wake).where(Wake.queue.in_(gone)))
    if new := dict(wanted.items() - there.items()):
        await _insert(session, new)


async def _insert(session: AsyncSession, wanted: Mapping[str, tuple[float, float]]) -> None:
    row = insert(Wake)
    changed = {name: row.excluded[name] for name in ("every_seconds", "lost_after_seconds")}
    values = [
        {"queue": queue, "every_seconds": every, "lost_after_seconds": lost}
        for queue, (every, lost) in sorted(wanted.items())
    ]
    await session.execute(row.on_conflict_do_update(index_elements=[Wake.queue], set_=changed), values)


async def open_wishes(session: AsyncSession) -> Collection[str]:
    """The queues whose call is to be made, and is nobody's."""
    return (await session.scalars(select(Wake.queue).where(Wake.pending, _free()).order_by(Wake.queue))).all()


async def states(session: AsyncSession, hook: WakeSettings) -> Mapping[str, Wake]:
    """How it stands with the wishes and calls of this hook, by queue."""
    if not hook.configured:
        return {}
    rows = await session.scalars(select(Wake).where(Wake.queue.in_(hook.queues)).order_by(Wake.queue))
    return {row.queue: row for row in rows}


async def take(session: AsyncSession, queue: str, call_id: UUID, timeout_seconds: float) -> Call | None:
    """Take the call of this queue; None if there is none, it is another's, or nothing waits in vain any more.

    Whoever dies with it leaves it to the next, once it must be over and the queue's next one may be made.
    """
    free = select(Wake.queue).where(Wake.queue == queue, Wake.pending, _free()).with_for_update(skip_locked=True)
    if await session.scalar(free) is None:
        return None
    waiting = (await session.execute(_IN_VAIN, {"queue": queue})).one_or_none()
    if waiting is None or not waiting.jobs:
        await session.execute(update(Wake).where(Wake.queue == queue).values(**_OVER, wished_at=None))
        return None
    taken = {"call_id": call_id, "called_at": func.now(), "wished_at": func.now(), "calls": Wake.calls + 1}
    over = _after(func.greatest(Wake.every_seconds, timeout_seconds + MARGIN_SECONDS))
    await session.execute(update(Wake).where(Wake.queue == queue).values(**taken, taken_until=over))
    return Call(call_id, queue, waiting.jobs, float(waiting.age))


async def keep(session: AsyncSession, call: Call) -> None:
    """The hook was called. The queue's next call is made after ``every_seconds``, if it needs one then."""
    await session.execute(_ended(call, Wake.every_seconds).values(error=None))


async def roll_back(session: AsyncSession, call: Call, error: str, retry_seconds: float) -> None:
    """The hook could not be called: the next job that waits in vain may wish again; without one, a later look does."""
    failed = {"error": error, "wished_at": None, "failures": Wake.failures + 1}
    await session.execute(_ended(call, literal(retry_seconds)).values(**failed))


async def forget_tries(session: AsyncSession) -> None:
    """Where nothing waits in vain any more, begin the pauses anew."""
    await session.execute(_FORGET_TRIES)


_OVER: dict[str, Any] = {"pending": False, "call_id": None, "taken_until": None}


def _free() -> ColumnElement[bool]:
    return or_(Wake.taken_until.is_(None), Wake.taken_until < func.now())


def _ended(call: Call, pause_seconds: SQLColumnExpression[float]) -> Update:
    """The end of this call, unless another was made in its place."""
    pause = pause_seconds * func.power(2.0, func.least(Wake.tries, _DOUBLINGS))
    look_at = _after(func.least(CAP_SECONDS, pause))
    ended = update(Wake).where(Wake.queue == call.queue, Wake.call_id == call.id)
    return ended.values(**_OVER, tries=Wake.tries + 1, look_at=look_at)


def _after(seconds: ColumnElement[float]) -> ColumnElement[datetime]:
    return func.now() + seconds * literal(timedelta(seconds=1))
