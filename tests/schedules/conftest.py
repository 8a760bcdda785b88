from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest_asyncio
from sqlalchemy import select

from playhead.asking.requests import Requests, RequestTypes
from playhead.database import Database
from playhead.models import ADMIN_OWNER, Job, Schedule, ScheduleRun
from playhead.registry import kinds
from playhead.schedules import keeping
from playhead.schedules.firing import fire_due
from playhead.settings import Settings

TYPES = RequestTypes.of(kinds())
REQUEST: dict[str, Any] = {"kind": "transcribe", "input": {"url": "https://example.com/talk.mp3"}}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass
class Desk:
    """Schedules, and a clock that only the test moves."""

    database: Database
    requests: Requests
    now: datetime

    async def schedule(self, cron: str, timezone: str = "UTC", request: dict[str, Any] | None = None) -> Schedule:
        wanted = Schedule(owner_id=ADMIN_OWNER, cron=cron, timezone=timezone, request=request or REQUEST)
        async with self.database.transaction() as session:
            return await keeping.create(session, self.requests, wanted, self.now)

    async def fire(self, at: str | datetime) -> int:
        """Let it be this time, and have all be asked for that is due. Gives how many there were."""
        self.now, fired = at if isinstance(at, datetime) else utc(at), 0
        while found := await self.fire_some():
            fired += found
        return fired

    async def fire_some(self) -> int:
        """One batch of those that are due now."""
        async with self.database.transaction() as session:
            return await fire_due(session, self.requests, self.now)

    async def again(self, schedule: Schedule) -> Schedule:
        async with self.database.transaction() as session:
            return await keeping.find(session, ADMIN_OWNER, schedule.id)

    async def runs(self, schedule: Schedule | None = None) -> Sequence[ScheduleRun]:
        """The history, the oldest first."""
        told = select(ScheduleRun).order_by(ScheduleRun.id)
        async with self.database.transaction() as session:
            rows = await session.scalars(told if schedule is None else told.filter_by(schedule_id=schedule.id))
            return rows.all()

    async def jobs(self) -> Sequence[Job]:
        async with self.database.transaction() as session:
            return (await session.scalars(select(Job).order_by(Job.id))).all()


@pytest_asyncio.fixture(loop_scope="session")
async def desk(database_url: str) -> AsyncIterator[Desk]:
    database = Database(database_url)
    settings = Settings(database_url=database_url, admin_key=None)
    yield Desk(database, Requests(TYPES, settings), utc("2026-11-28 22:00"))
    await database.close()
