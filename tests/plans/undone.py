"""A database nothing of which is kept: for what begins transactions of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

from sqlalchemy.ext.asyncio import AsyncSession

from playhead.database import Database


@dataclass(frozen=True)
class _Within:
    session: AsyncSession

    @asynccontextmanager
    async def transaction(self, *, patience_seconds: float = 0) -> AsyncIterator[AsyncSession]:  # noqa: ARG002 - as there
        async with self.session.begin_nested():
            yield self.session
        self.session.expunge_all()  # The next one knows nothing, as if it had a session of its own.


def within(session: AsyncSession) -> Database:
    """One whose transactions are parts of this one: only :meth:`Database.transaction` is there, one at a time."""
    return cast("Database", _Within(session))
