"""Spending: how tickets end, written together, and again and again until it is."""

from __future__ import annotations

import asyncio
import functools
from collections import defaultdict
from collections.abc import Callable, Sequence

import structlog

from worker.connector import Connector
from worker.gathering import Gathering

ENDED_AT_ONCE, ENDING_SECONDS = 100, 0.05
"""Nobody waits for a ticket to be gone: in times when many end, they are let gather for so long."""
log = structlog.get_logger(__name__)

Written = Callable[[int, int | None], None]


class Spending:
    """Ends the tickets of one process: each is spent, put back for another look in a while, or handed on.

    Procrastinate's ``finish_job`` would keep what failed for ever, and raises when the ticket is gone already because
    another worker took this one for dead.

    Args:
        written: is told the ticket and the loop that had it, once its end is written.
    """

    def __init__(self, connector: Connector, written: Written) -> None:
        self._connector = connector
        self._written = written
        self._left_behind: dict[int, tuple[str, int | None]] = {}
        self._ending: set[asyncio.Future[None]] = set()
        self._together = Gathering(self._end_all, ENDED_AT_ONCE, ENDING_SECONDS)

    def end(self, ticket: int, loop: int | None, how: str) -> None:
        """Have it written soon, by a statement of :mod:`worker.tickets_table`. Nobody waits for it."""
        self._left_behind[ticket] = how, loop
        ending = self._together.put(ticket)
        self._ending.add(ending)
        ending.add_done_callback(functools.partial(self._tried, ticket))

    async def tried(self) -> None:
        """Wait until the end of each ticket that was given up is written, or was tried to be."""
        if self._ending:
            await asyncio.wait(self._ending)

    async def try_again(self) -> None:
        """Write the ends that could not be written.

        Raises:
            ConnectorException: the database is away still.
        """
        await self._end_all(tuple(self._left_behind))

    def _tried(self, ticket: int, ending: asyncio.Future[None]) -> None:
        self._ending.discard(ending)
        if not ending.cancelled() and (error := ending.exception()):
            log.warning("ticket_left_behind", ticket=ticket, error=repr(error.__cause__ or error))

    async def _end_all(self, tickets: Sequence[int]) -> Sequence[None]:
        # The loops share these: another may be through with some already.
        ends = defaultdict[tuple[str, int | None], list[int]](list)
        for ticket in tickets:
            if end := self._left_behind.get(ticket):
                ends[end].append(ticket)
        for end, ids in ends.items():
            statement, loop = end
            await self._connector.execute_query_async(statement, ids=ids, loop=loop)
            for ticket in ids:
                self._forget(ticket, end)
        return [None] * len(tickets)

    def _forget(self, ticket: int, end: tuple[str, int | None]) -> None:
        if self._left_behind.get(ticket) == end:  # Else another loop was given it meanwhile, and is through with it.
            del self._left_behind[ticket]
            self._written(ticket, end[1])
