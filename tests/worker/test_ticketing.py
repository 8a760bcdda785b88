from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast

from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status

from playhead.tickets import LOOK
from worker.connector import Connector
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
        self.spent += values["ids"]


async def test_two_loops_may_spend_the_tickets_that_were_left_behind_at_once() -> None:
    connector = Between()
    manager = TicketManager(cast("Connector", connector))
    for number in (1, 2):
        ticket = Job(id=number, queue="gpu", lock=None, queueing_lock=None, task_name=LOOK, priority=0)
        await manager.finish_job(ticket, Status.SUCCEEDED, delete_job=True)
    connector.away, connector.happens = False, lambda: manager.update_heartbeat(8)
    await manager.update_heartbeat(7)
    assert sorted(set(connector.spent)) == [1, 2]
