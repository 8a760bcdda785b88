"""Firing: schedules whose time has come are asked for, each time once, the earliest first."""

from __future__ import annotations

import itertools
from datetime import datetime

import structlog
from sqlalchemy import TEXT, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.asking.refusals import refusal
from playhead.asking.requests import Requests
from playhead.errors import InvalidError
from playhead.models import Schedule, ScheduleRun
from playhead.schedules.asking import ask_all
from playhead.schedules.cron import Cron
from playhead.schedules.keeping import pause

AT_ONCE = 50
"""Schedules in one transaction: each is a savepoint, and of more than 64 PostgreSQL loses sight."""
BYTES_AT_ONCE = 64 * 1024
"""Of requests in one transaction, but for one that is larger: a thousand jobs and more, which must be made in time."""
PATIENCE_SECONDS = 60.0
"""For a transaction: the largest batch takes a few seconds, more on a busy database."""
_LOCK = 0x63726F6E
"""One worker at a time fires, so that the order is kept (``cron`` in ASCII)."""
log = structlog.get_logger(__name__)


async def fire_due(session: AsyncSession, requests: Requests, now: datetime) -> int:
    """Ask for the work of those that are due, a batch of them. Gives how many there were.

    Whatever was missed while nobody fired is made up for once, not once for each time that passed. What becomes of it
    is committed with the time of the next run, so no run is asked for twice, whatever dies in between.
    """
    if not await session.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))):
        return 0
    found = await _due(session, now)
    if found:
        await ask_all(session, requests, found)
    for schedule in found:
        _move_on(session, schedule, now)
    return len(found)


def _move_on(session: AsyncSession, schedule: Schedule, now: datetime) -> None:
    """To its next time; one that has none any more, as its time zone is gone, is paused, and its history says so."""
    try:
        schedule.next_at = Cron(schedule.cron, schedule.timezone).next_after(now)
    except InvalidError as error:
        pause(schedule, now)
        session.add(ScheduleRun(schedule_id=schedule.id, error=refusal(error)))
        log.warning("schedule_paused", schedule_id=str(schedule.id), error=error.message)


async def _due(session: AsyncSession, now: datetime) -> list[Schedule]:
    """The first of those that are due, as many as may be asked for together; locked."""
    order = Schedule.next_at, Schedule.id
    size_bytes = func.octet_length(cast(Schedule.request, TEXT)).label("size_bytes")
    due = select(Schedule.id, size_bytes).where(Schedule.next_at <= now).order_by(*order).limit(AT_ONCE)
    # One that is being changed is left to the next turn, which comes within a second.
    rows = (await session.execute(due.with_for_update(skip_locked=True))).all()
    if not rows:
        return []
    sums = itertools.accumulate(row.size_bytes for row in rows)
    some = [row.id for row, so_far in zip(rows, sums, strict=True) if row is rows[0] or so_far <= BYTES_AT_ONCE]
    return list(await session.scalars(select(Schedule).where(Schedule.id.in_(some)).order_by(*order)))
