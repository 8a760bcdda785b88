"""Fetching: the next ticket of a loop, of those that it fetches together as it has places free."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from procrastinate.jobs import Job

from worker.connector import Connector
from worker.tickets_table import FETCH, PUT_BACK_UNTOLD, ticket_of

UNTOLD_SECONDS = 15.0
"""A fetch that was given up may be committed for so long: a silent network may hold its word back, and the server ends
the transaction of who has said nothing for ten seconds."""
MOMENT_SECONDS = 0.002
"""What a loop waits at most for more free places, if there was work for all that it had the last time."""
OLDEST_EACH = 10
"""Of so many tickets that a loop takes one is the oldest, whatever its priority: under constant load the low ones move
too, and slow the others down by no more than that."""
NEAR, TRIES = 100, 5
"""Tickets beyond those wanted that are looked at: others may be taking the first ones at this moment; and how often."""


@dataclass(frozen=True)
class Service:
    """How a loop's queues are served: in so many places, of which so many may be filled by one fetch."""

    places: int
    at_once: int


@dataclass
class Hands:
    """What a loop holds.

    Attributes:
        tickets: those that were fetched, and that it was not given yet.
        places: how many are taken by its tickets, also by these.
        told: the ids of those that it knows to be its own, until their ends are written.
        pace: how many it may fetch the next time.
        emptied: the news it had heard of when it was given all that was there; None where there may be more.
        unsure_until: when no fetch that got no answer can be committed any more; None when all were answered.
    """

    tickets: deque[Job] = field(default_factory=deque)
    places: int = 0
    told: set[int] = field(default_factory=set)
    pace: int = 1
    emptied: int | None = None
    unsure_until: float | None = None
    _awaited: int = 0
    _are_free: asyncio.Future[None] | None = None

    def has_all(self, news: int) -> bool:
        """Whether it was given all that was there, and there is no other news. Said once: then it is to look."""
        emptied, self.emptied = self.emptied, None
        return emptied == news

    def free(self) -> None:
        """A ticket leaves its place to another."""
        self.places -= 1
        if self._are_free and not self._are_free.done() and self.places <= self._awaited:
            self._are_free.set_result(None)

    async def until_free(self, places: int) -> None:
        """Wait a moment until no more than so many are taken: more get free, most likely, and one by one is slow."""
        if self.places > places:
            self._awaited, self._are_free = places, asyncio.get_running_loop().create_future()
            await asyncio.wait([self._are_free], timeout=MOMENT_SECONDS)
            self._are_free = None


class Fetching:
    """Fetches for the loops of one process.

    A loop may be given tickets without being told, when the answer is lost. As long as it lives, nobody takes them for
    stranded: it puts them back itself before it fetches again.
    """

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self._services: dict[frozenset[str], Service] = {}
        self._taken = Counter[frozenset[str]]()
        self._hands = defaultdict[int | None, Hands](Hands)

    def serve(self, queues: Iterable[str], service: Service) -> None:
        """Fetch from these queues in this way; else it is one by one."""
        self._services[frozenset(queues)] = service

    async def next_ticket(self, queues: frozenset[str], loop: int, news: int) -> Job | None:
        """A ticket that is at hand, or was fetched; None where there is none.

        A loop that was given all that was there looks no more until there is other ``news``, but once in a while: a
        ticket that comes alone, as most do, would cost two fetches, the second in the way of its own claim.

        Raises:
            ConnectorException: there is no answer; the loop is to :meth:`doubt` then.
        """
        hands = self._hands[loop]
        if not hands.tickets and not hands.has_all(news):
            if hands.unsure_until is not None:
                await self._put_back_untold(loop, hands, hands.unsure_until)
            await self._fetch(queues, loop, hands, news)
        return hands.tickets.popleft() if hands.tickets else None

    def doubt(self, loop: int) -> None:
        """A fetch of the loop got no answer."""
        self._hands[loop].unsure_until = time.monotonic() + UNTOLD_SECONDS

    def free(self, loop: int | None) -> None:
        """A ticket leaves its place to another."""
        if hands := self._hands.get(loop):
            hands.free()

    def forget(self, ticket: int, loop: int | None) -> None:
        """The end of a ticket is written: if the loop is given it again, it is told again."""
        if hands := self._hands.get(loop):
            hands.told.discard(ticket)

    def leave(self, loop: int) -> Iterable[Job]:
        """The loop ends. Gives the tickets that it was not given yet."""
        return self._hands.pop(loop, Hands()).tickets

    async def _fetch(self, queues: frozenset[str], loop: int, hands: Hands, news: int) -> None:
        """At most as many as there are free places: they are begun at once, so that none waits here.

        One at first, and twice as many as the last time as long as there are so many: where there are few, other
        workers have room too.
        """
        service = self._services.get(queues, Service(1, 1))
        if hands.pace > 1:
            await hands.until_free(service.places - min(hands.pace, service.at_once))
        most = max(1, min(hands.pace, service.at_once, service.places - hands.places))
        oldest = (self._taken[queues] % OLDEST_EACH + most) // OLDEST_EACH
        found, more = await self._fetch_free(queues, loop, most, oldest)
        hands.emptied = news if found and not more else None
        hands.pace = min(hands.pace * 2, service.at_once) if more and len(found) == most else 1
        hands.places += len(found)
        hands.told.update(job.id for job in found if job.id is not None)
        hands.tickets.extend(found)
        self._taken[queues] += len(found)

    async def _fetch_free(self, queues: frozenset[str], loop: int, most: int, oldest: int) -> tuple[list[Job], bool]:
        """Those that were had, and whether there may be more."""
        near = most + NEAR
        wanted = {"queues": list(queues), "loop": loop, "most": most, "near": near, "oldest": oldest}
        for _ in range(TRIES):
            found = await self._connector.execute_query_one_async(FETCH, **wanted)
            taken = [ticket_of(row) for row in found["taken"] or ()]
            # Where others are taking all that were looked at, there may be more behind them.
            if taken or found["seen"] < near:
                return taken, len(taken) < found["seen"]
        return [], True

    async def _put_back_untold(self, loop: int, hands: Hands, until: float) -> None:
        is_last = time.monotonic() > until
        await self._connector.execute_query_async(PUT_BACK_UNTOLD, loop=loop, told=list(hands.told))
        if is_last:
            hands.unsure_until = None
