"""Asking for the work of schedules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from sqlalchemy.ext.asyncio import AsyncSession

from playhead.asking.refusals import refusal
from playhead.asking.requests import Made, Requests
from playhead.database import is_away
from playhead.models import Schedule, ScheduleRun


async def ask_all(session: AsyncSession, requests: Requests, schedules: Sequence[Schedule]) -> None:
    """Submit what these are for, each for the time that it is due at, in their order.

    All at once; if one of them is refused, one by one.
    """
    try:
        async with session.begin_nested():
            made = await submit(session, requests, schedules)
    except Exception as error:
        if is_away(error):
            raise
        for schedule in schedules:
            await ask(session, requests, schedule, schedule.next_at)
    else:
        session.add_all(_run(one, one.next_at, its) for one, its in zip(schedules, made, strict=True))


async def ask(session: AsyncSession, requests: Requests, schedule: Schedule, due_at: datetime | None) -> ScheduleRun:
    """Submit what the schedule is for; that it was refused is kept in its history, and is in no one else's way.

    ``due_at``: None for a run beside its times.
    """
    run = ScheduleRun(schedule_id=schedule.id, due_at=due_at)
    try:
        async with session.begin_nested():
            [made] = await submit(session, requests, [schedule])
            run = _run(schedule, due_at, made)
    except Exception as error:  # noqa: BLE001 - told apart there
        run.error = refusal(error, schedule_id=str(schedule.id))
    session.add(run)
    await session.flush()
    return run


async def submit(session: AsyncSession, requests: Requests, schedules: Sequence[Schedule]) -> list[Made]:
    """Submit what these are for, all or none.

    Raises:
        InvalidError, InputQuarantinedError, UrlForbiddenError: one cannot be; fields are those of the request.
    """
    made = []
    for owner_id, own in groupby(schedules, attrgetter("owner_id")):
        made += await requests.submit(session, owner_id, [requests.understand(one.request) for one in own])
    return made


def _run(schedule: Schedule, due_at: datetime | None, made: Made) -> ScheduleRun:
    return ScheduleRun(schedule_id=schedule.id, due_at=due_at, job_id=made.job_id, batch_id=made.batch_id)
