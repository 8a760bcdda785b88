"""Firing: schedules whose time has come are asked for, each time once, the earliest first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.asking.requests import Requests
from playhead.models import Schedule
from playhead.schedules.asking import ask_all
from playhead.schedules.cron import Cron

AT_ONCE = 50
"""Schedules in one transaction: each is a savepoint, and of more than 64 PostgreSQL loses sight."""
JOBS_AT_ONCE = 1000
"""Jobs in one transaction, but for a schedule that asks for more by itself: some of them must be done in time."""
PATIENCE_SECONDS = 60.0
"""For a transaction: the largest batch takes a few seconds, more on a busy database."""
_LOCK = 0x63726F6E
"""One worker at a time fires, so that the order is kept (``cron`` in ASCII)."""


async def fire_due(session: AsyncSession, requests: Requests, now: datetime) -> int:
    """Ask for the work of those that are due, a batch of them. Gives how many there were.

    Whatever was missed while nobody fired is made up for once, not once for each time that passed. What becomes of it
    is committed with the time of the next run, so no run is asked for twice, whatever dies in between.
    """
    if not await session.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))):
        return 0
    due = select(Schedule).where(Schedule.next_at <= now).order_by(Schedule.next_at, Schedule.id)
    # One that is being changed is left to the next turn, which comes within a second.
    found = _some(await session.scalars(due.limit(AT_ONCE).with_for_update(skip_locked=True)))
    if found:
        await ask_all(session, requests, found)
    for schedule in found:
        schedule.next_at = Cron(schedule.cron, schedule.timezone).next_after(now)
    return len(found)


def _some(due: Iterable[Schedule]) -> list[Schedule]:
    """The first of these, as many as may be asked for together."""
    some, jobs = list[Schedule](), 0
    for schedule in due:
        jobs += _jobs(schedule.request)
        if some and jobs > JOBS_AT_ONCE:
            break
        some.append(schedule)
    return some


def _jobs(request: Mapping[str, Any]) -> int:
    """How many jobs it asks for; of a recipe, whose jobs are few, one is counted."""
    return len(request.get("inputs") or request.get("jobs") or "1")
