"""A deadlock, made to happen between a transaction of the test and one of the code: the code's is the one given up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy import select, text

from playhead.database import Database
from playhead.models import Job
from tests.activity import be_idle, until_blocked


@asynccontextmanager
async def crossing(database: Database, first: UUID, second: UUID) -> AsyncIterator[None]:
    """Hold the second job; when someone who holds the first waits for it, want the first.

    PostgreSQL gives up whoever asks first: that is the other, since this one does not ask before a minute.
    """
    locked = select(Job.id).with_for_update()
    async with database.transaction() as session:
        await session.execute(text("SET LOCAL deadlock_timeout = '60s'"))
        await be_idle(session)
        await session.execute(locked.where(Job.id == second))
        yield
        await until_blocked(database)
        await session.execute(locked.where(Job.id == first))
