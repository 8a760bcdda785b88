from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

import procrastinate
import pytest
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status

from playhead.tickets import LOOK
from worker import dispatch
from worker.connector import Connector
from worker.dispatch import keep_fetching
from worker.ticketing import TicketManager


class Between:
    """A connector that is away at first; then something happens before its first statement that spends a ticket."""

    def __init__(self) -> None:
        self.away = True
        self.happens: Callable[[], Awaitable[None]] | None = None
        self.spent: list[int] = []

    def hurry(self) -> None:
        pass

    async def execute_query_async(self, query: str, **values: Any) -> None:
        if self.away:
            raise ConnectorException
        if "DELETE" not in query:
            return
        if self.happens:
            happens, self.happens = self.happens, None
            await happens()
        self.spent.append(values["id"])


async def test_two_loops_may_spend_the_tickets_that_were_left_behind_at_once() -> None:
    connector = Between()
    manager = TicketManager(cast("Connector", connector))
    for number in (1, 2):
        ticket = Job(id=number, queue="gpu", lock=None, queueing_lock=None, task_name=LOOK, priority=0)
        await manager.finish_job(ticket, Status.SUCCEEDED, delete_job=True)
    connector.away, connector.happens = False, lambda: manager.update_heartbeat(8)
    await manager.update_heartbeat(7)
    assert sorted(set(connector.spent)) == [1, 2]


class Deaf:
    """An app whose loop loses the first cancellation to a connection that breaks at the same time."""

    job_manager = None

    def __init__(self) -> None:
        self.begun = asyncio.Event()

    async def run_worker_async(self, **_: Any) -> None:
        self.begun.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()


async def test_a_loop_that_lost_its_cancellation_ends_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "PAUSE_SECONDS", 0.01)
    app = Deaf()
    fetching = asyncio.create_task(keep_fetching(cast("procrastinate.App", app), ["io"], 1, 1.0))
    await app.begun.wait()
    fetching.cancel()
    await asyncio.wait([fetching], timeout=10)
    assert fetching.cancelled()


async def test_a_deferrer_that_lost_its_cancellation_ends_with_the_connections() -> None:
    manager = TicketManager(Connector("postgresql://", application="test", connections=1))
    now = int(time.time())
    about: dict[str, Any] = {"id": None, "queue": "housekeeping", "lock": None, "queueing_lock": "turn", "priority": 0}
    with pytest.raises(asyncio.CancelledError):
        await manager.defer_periodic_job(Job(task_name="turn", task_kwargs={"timestamp": now}, **about), "turn", now)
