"""Schedules and their histories, a page at a time."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from playhead.models import Schedule, ScheduleRun
from playhead.paging import Page, newest


async def list_schedules(session: AsyncSession, owner_id: UUID, *, limit: int, before: UUID | None) -> Page[Schedule]:
    """The owner's; their requests, each of which may be megabytes, are left out."""
    mine = select(Schedule).where(Schedule.owner_id == owner_id).options(defer(Schedule.request, raiseload=True))
    return await newest(session, mine, limit=limit, before=before)


async def list_runs(session: AsyncSession, schedule_id: UUID, *, limit: int, before: UUID | None) -> Page[ScheduleRun]:
    """The history of a schedule."""
    own = select(ScheduleRun).where(ScheduleRun.schedule_id == schedule_id)
    return await newest(session, own, limit=limit, before=before)
