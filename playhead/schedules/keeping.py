"""Schedules: made, changed, paused, run beside their times, forgotten."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.asking.requests import Requests
from playhead.errors import InvalidError, NotFoundError, PlayheadError
from playhead.idempotency import find_known
from playhead.models import Schedule, ScheduleRun
from playhead.schedules.asking import ask, submit
from playhead.schedules.cron import Cron

BATCH = 500


async def create(session: AsyncSession, requests: Requests, wanted: Schedule, now: datetime) -> Schedule:
    """Keep this schedule, whose first run is due after ``now``, or find the one that its key already made.

    Raises:
        InvalidError, InputQuarantinedError, UrlForbiddenError: its times cannot be, or its request would be refused.
        IdempotencyMismatchError: the key was used for another request.
    """
    if known := await find_known(session, wanted, "schedule"):
        return known
    wanted.next_at = None if wanted.paused_at else Cron(wanted.cron, wanted.timezone).next_after(now)
    await _require_accepted(session, requests, wanted)
    try:
        async with session.begin_nested():
            session.add(wanted)
    except IntegrityError:  # Another request with this key was committed meanwhile.
        return await create(session, requests, wanted, now)
    return wanted


async def find(session: AsyncSession, owner_id: UUID, schedule_id: UUID, *, to_change: bool = False) -> Schedule:
    """This schedule, locked where it is to be changed.

    Raises:
        NotFoundError: the owner has none with this id.
    """
    same = select(Schedule).where(Schedule.id == schedule_id, Schedule.owner_id == owner_id)
    found = await session.scalar(same.with_for_update() if to_change else same)
    if found is None:
        raise NotFoundError(f"there is no schedule {schedule_id}")
    return found


async def change(
    session: AsyncSession, requests: Requests, schedule: Schedule, changes: Mapping[str, Any], now: datetime
) -> None:
    """Give it these fields; its next run follows from them.

    Raises:
        InvalidError, InputQuarantinedError, UrlForbiddenError: as :func:`create`.
    """
    for name, value in changes.items():
        setattr(schedule, name, value)
    cron = Cron(schedule.cron, schedule.timezone)
    if schedule.paused_at is None and changes.keys() & {"cron", "timezone"}:
        schedule.next_at = cron.next_after(now)
    if "request" in changes:
        await _require_accepted(session, requests, schedule)


def pause(schedule: Schedule, now: datetime) -> None:
    """Let none of its times come, until it is resumed."""
    schedule.paused_at = schedule.paused_at or now
    schedule.next_at = None


def resume(schedule: Schedule, now: datetime) -> None:
    """Go on with the times after ``now``: those that passed meanwhile were not missed."""
    if schedule.paused_at is not None:
        schedule.paused_at = None
        schedule.next_at = Cron(schedule.cron, schedule.timezone).next_after(now)


async def run_now(session: AsyncSession, requests: Requests, schedule: Schedule, key: str | None) -> ScheduleRun:
    """Ask for its work now, or find the run that this key already made; its times stay as they are.

    The schedule is held to be changed, so that no other does at the same time.
    """
    same = select(ScheduleRun).filter_by(schedule_id=schedule.id, idempotency_key=key)
    known = await session.scalar(same) if key else None
    if known:
        return known
    run = await ask(session, requests, schedule, due_at=None)
    run.idempotency_key = key
    return run


async def drop_old_runs(session: AsyncSession, kept_seconds: float) -> int:
    """Forget runs from long ago, some of them. Gives how many; 0 seconds keeps all."""
    if not kept_seconds:
        return 0
    old = select(ScheduleRun.id).where(ScheduleRun.at < func.now() - timedelta(seconds=kept_seconds)).limit(BATCH)
    gone = delete(ScheduleRun).where(ScheduleRun.id.in_(old.with_for_update(skip_locked=True)))
    return len((await session.scalars(gone.returning(ScheduleRun.id))).all())


async def _require_accepted(session: AsyncSession, requests: Requests, schedule: Schedule) -> None:
    """Refuse a request that would be refused now: at its time nobody would be there to hear why."""
    if schedule.request.get("run_at") is not None:
        raise InvalidError("the schedule says when: leave this out", field="request.run_at")
    try:
        async with _taken_back(session):
            await submit(session, requests, [schedule])
    except PlayheadError as error:
        error.field = f"request.{error.field}" if error.field else "request"
        raise


@contextlib.asynccontextmanager
async def _taken_back(session: AsyncSession) -> AsyncIterator[None]:
    tried = await session.begin_nested()
    try:
        yield
    finally:
        await tried.rollback()
