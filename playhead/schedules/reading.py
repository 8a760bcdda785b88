"""Schedules and their histories, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.models import Schedule, ScheduleRun

Row = TypeVar("Row", Schedule, ScheduleRun)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows, the newest first; ``next_before`` is the id that the next page comes before."""

    rows: Sequence[Row]
    next_before: UUID | None


async def list_schedules(session: AsyncSession, owner_id: UUID, *, limit: int, before: UUID | None) -> Page[Schedule]:
    """The owner's."""
    mine = select(Schedule).where(Schedule.owner_id == owner_id).order_by(Schedule.id.desc()).limit(limit + 1)
    rows = (await session.scalars(mine.where(Schedule.id < before) if before else mine)).all()
    return _page(rows, limit)


async def list_runs(session: AsyncSession, schedule_id: UUID, *, limit: int, before: UUID | None) -> Page[ScheduleRun]:
    """The history of a schedule."""
    own = select(ScheduleRun).where(ScheduleRun.schedule_id == schedule_id)
    newest = own.order_by(ScheduleRun.id.desc()).limit(limit + 1)
    rows = (await session.scalars(newest.where(ScheduleRun.id < before) if before else newest)).all()
    return _page(rows, limit)


def _page(rows: Sequence[Row], limit: int) -> Page[Row]:
    return Page(rows[:limit], rows[limit - 1].id if len(rows) > limit else None)
