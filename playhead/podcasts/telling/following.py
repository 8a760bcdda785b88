"""Following: a delivery, or a digest, is as far as the job that sends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.models import Delivery, DigestIssue, Job
from playhead.states import State

AT_ONCE = 500
OUTCOMES: Mapping[State, str] = MappingProxyType(
    {
        State.WAITING: "pending",
        State.QUEUED: "pending",
        State.RUNNING: "processing",
        State.SUCCEEDED: "delivered",
        State.FAILED: "failed",
        State.CANCELED: "failed",
        State.SKIPPED: "failed",
        State.EXPIRED: "expired",
    }
)
UNDER_WAY = ("pending", "processing")
_GONE = {"code": "job_deleted", "message": "the job that was to send it was deleted", "field": None}

Sent = type[Delivery] | type[DigestIssue]


async def follow(session: AsyncSession, sent: Sent) -> int:
    """Bring some up to where their jobs are. Gives how many.

    Those that failed are looked at too, for as long as their jobs are there: these may be retried by hand.
    """
    outcome = case(dict(OUTCOMES), value=Job.state)
    moved = _open(sent).join(Job, Job.id == sent.job_id).where(sent.state != outcome)
    found = (await session.scalars(moved.with_for_update(skip_locked=True, of=sent))).all()
    if found:
        values = {"state": outcome, "error": Job.error, "ended_at": Job.finished_at}
        await _update(session, sent, [sent.id.in_(found), Job.id == sent.job_id], values)
    return len(found) + await _let_go(session, sent)


async def _let_go(session: AsyncSession, sent: Sent) -> int:
    """End those whose jobs are gone; of those that had ended only the job is forgotten."""
    alone = _open(sent).where(~select(Job.id).where(Job.id == sent.job_id).exists())
    found = (await session.scalars(alone.with_for_update(skip_locked=True, of=sent))).all()
    if not found:
        return 0
    ended = {"state": "failed", "error": _GONE, "ended_at": func.now()}
    await _update(session, sent, [sent.id.in_(found), sent.state.in_(UNDER_WAY)], ended)
    await _update(session, sent, [sent.id.in_(found)], {"job_id": None})
    return len(found)


def _open(sent: Sent) -> Select[UUID]:
    there = select(sent.id).where(sent.job_id.is_not(None), sent.state != "delivered")
    return there.order_by(sent.id).limit(AT_ONCE)


async def _update(
    session: AsyncSession, sent: Sent, where: Sequence[ColumnElement[bool]], values: Mapping[str, Any]
) -> None:
    changed = update(sent).where(*where).values(**values)
    await session.execute(changed.execution_options(synchronize_session=False))
