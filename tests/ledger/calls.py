"""Transactions of several sessions, one in another: each may be stopped before any of its statements, or its commit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from playhead.database import Database
from playhead.errors import PlayheadError
from playhead.states import State
from tests.activity import be_idle
from tests.ledger.acts import Act, Pause, moved, tickets
from tests.ledger.passing import Reissue

SECONDS = 30
"""More than any transaction takes; one that waits so long waits for ever."""
_BLOCKED = text("SELECT cardinality(pg_blocking_pids(:pid)) > 0")
_PID = text("SELECT pg_backend_pid()")


@dataclass
class Stop:
    """Where a transaction waits until it may go on: before this statement of its own, counted from 0, or its commit."""

    statement: int | None
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    passed: int = 0

    async def before_statement(self) -> None:
        self.passed += 1
        if self.statement is not None and self.passed > self.statement:
            await self.before_commit()

    async def before_commit(self) -> None:
        if self.statement is not None and not self.go_on.is_set():
            self.reached.set()
            await self.go_on.wait()


class Stoppable(AsyncSession):
    """A session that asks before each statement."""

    stop = Stop(None)

    async def execute(self, *values: Any, **named: Any) -> Any:
        await self.stop.before_statement()
        return await super().execute(*values, **named)

    async def scalar(self, *values: Any, **named: Any) -> Any:
        await self.stop.before_statement()
        return await super().scalar(*values, **named)

    async def scalars(self, *values: Any, **named: Any) -> Any:
        await self.stop.before_statement()
        return await super().scalars(*values, **named)


@dataclass
class Call:
    """An act in its transaction: when it began and ended, and what came of it.

    Attributes:
        alone: no other was under way meanwhile.
    """

    act: Act
    began: int
    alone: bool
    stop: Stop
    task: asyncio.Task[Any] | None = None
    pid: int = 0
    ended: int | None = None
    outcome: Any = None


@dataclass
class Calls:
    """The transactions since the last moment at which none was under way."""

    database: Database
    all: list[Call] = field(default_factory=list)
    clock: int = 0

    @property
    def under_way(self) -> list[Call]:
        return [call for call in self.all if call.ended is None]

    async def begin(self, act: Act, statement: int | None) -> Call:
        """Do it, until it is done, stopped before that statement, or waits for a lock of another."""
        beside = self.under_way
        for call in beside:
            call.alone = False
        call = Call(act, self._tick(), alone=not beside, stop=Stop(statement))
        self.all.append(call)
        call.task = asyncio.create_task(self._transaction(call), name=repr(act))
        async with asyncio.timeout(SECONDS):
            await self._until_still(call)
        return call

    async def go_on(self) -> None:
        """Let all that are under way come to their ends."""
        async with asyncio.timeout(SECONDS):
            for call in self.under_way:
                call.stop.go_on.set()
            for call in self.under_way:
                assert call.task is not None
                await call.task

    async def give_up(self) -> None:
        """Leave nothing behind, whatever happened."""
        for call in self.under_way:
            if call.task is not None:
                call.task.cancel()
                await asyncio.wait([call.task])

    def _tick(self) -> int:
        self.clock += 1
        return self.clock

    async def _until_still(self, call: Call) -> None:
        assert call.task is not None
        reached = asyncio.create_task(call.stop.reached.wait())
        try:
            while not call.task.done() and not reached.done():
                await asyncio.wait([call.task, reached], timeout=0.02, return_when=asyncio.FIRST_COMPLETED)
                if not call.alone and await self._blocked(call):
                    return
        finally:
            reached.cancel()
        if call.task.done():
            call.task.result()

    async def _blocked(self, call: Call) -> bool:
        async with self.database.transaction() as session:
            return bool(await session.scalar(_BLOCKED, {"pid": call.pid}))

    async def _transaction(self, call: Call) -> None:
        try:
            async with self._session(call) as session:
                call.outcome = await call.act.do(session)
                await call.stop.before_commit()
                await _check_tickets(session, call.act)
        except PlayheadError as error:
            call.outcome = type(error)
        call.ended = self._tick()

    @asynccontextmanager
    async def _session(self, call: Call) -> AsyncIterator[AsyncSession]:
        async with async_sessionmaker(self.database.engine, class_=Stoppable, autoflush=False).begin() as session:
            await be_idle(session)
            if not call.alone:
                call.pid = await session.scalar(_PID)
            session.stop = call.stop
            yield session


async def _check_tickets(session: AsyncSession, act: Act) -> None:
    """Each job that this transaction made runnable got one ticket in it, and no other job got any."""
    if not isinstance(act, (Pause, Reissue)):
        runnable = sorted(job_id for job_id, state in await moved(session) if state == State.QUEUED)
        assert await tickets(session) == runnable, f"{act}: tickets for other jobs than those that it queued"
