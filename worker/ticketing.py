"""Tickets: fetched, spent and put back, whatever becomes of the database."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
import structlog
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager, NotificationCallback
from procrastinate.periodic import MAX_DELAY

from playhead.cancellation import end_if_canceled
from playhead.database import says_away
from worker.connector import Connector
from worker.gathering import Gathering

PAUSE_SECONDS = 1.0
"""Between two tries to reach the database."""
UNTOLD_SECONDS = 15.0
"""A fetch that was given up may be committed for so long: a silent network may hold its word back, and the server ends
the transaction of who has said nothing for ten seconds."""
ENDED_AT_ONCE, ENDING_SECONDS = 100, 0.05
"""Nobody waits for a ticket to be gone: in times when many end, they are let gather for so long."""
MOMENT_SECONDS = 0.002
"""What a loop waits for more free places, if there was work for all that it had the last time."""
OLDEST_EACH = 10
"""Of so many tickets that a loop takes one is the oldest, whatever its priority: under constant load the low ones move
too, and slow the others down by no more than that."""
log = structlog.get_logger(__name__)

# Ended late, a ticket may be another's by then: it was put back before, and nobody answered.
_OURS = "id = ANY(%(ids)s) AND status = 'doing' AND (worker_id IS NULL OR worker_id = %(loop)s)"
_SPEND = f"DELETE FROM procrastinate_jobs WHERE {_OURS}"  # noqa: S608 - constants
_PUT_BACK = f"""
    UPDATE procrastinate_jobs
    SET status = 'todo', worker_id = NULL, abort_requested = false, scheduled_at = now() + interval '2 seconds'
    WHERE {_OURS}
"""  # noqa: S608 - constants
_UNTOLD = "status = 'doing' AND worker_id = %(loop)s AND id <> ALL (CAST(%(told)s AS bigint[]))"
_PUT_BACK_UNTOLD = f"""
    WITH turns AS (DELETE FROM procrastinate_jobs WHERE {_UNTOLD} AND queueing_lock IS NOT NULL)
    UPDATE procrastinate_jobs SET status = 'todo', worker_id = NULL WHERE {_UNTOLD} AND queueing_lock IS NULL
"""  # noqa: S608 - constants
OLDEST_FIRST = """
    UPDATE procrastinate_jobs SET priority = 1000
    WHERE id = ANY(ARRAY(
        SELECT id FROM procrastinate_jobs WHERE status = 'todo' AND id = ANY(ARRAY(
            SELECT oldest.id FROM unnest(CAST(%(queues)s AS varchar[])) AS place CROSS JOIN LATERAL (
                SELECT id FROM procrastinate_jobs
                WHERE status = 'todo' AND queue_name = place AND (scheduled_at IS NULL OR scheduled_at <= now())
                ORDER BY id NULLS FIRST LIMIT %(count)s) AS oldest
            ORDER BY oldest.id LIMIT %(count)s))
        FOR UPDATE SKIP LOCKED))
"""
"""``NULLS FIRST`` as its index alone has it: by the primary key PostgreSQL would read the tickets of all queues."""
FETCH = """
    WITH near AS MATERIALIZED (
        SELECT near.id FROM unnest(CAST(%(queues)s AS varchar[])) AS place CROSS JOIN LATERAL (
            SELECT id FROM procrastinate_jobs
            WHERE status = 'todo' AND queue_name = place AND (scheduled_at IS NULL OR scheduled_at <= now())
            ORDER BY priority DESC, id LIMIT %(near)s) AS near),
    free AS (
        SELECT id FROM procrastinate_jobs WHERE id = ANY(ARRAY(SELECT id FROM near)) AND status = 'todo'
        ORDER BY priority DESC, id LIMIT %(most)s FOR UPDATE SKIP LOCKED),
    taken AS (
        UPDATE procrastinate_jobs SET status = 'doing', worker_id = %(loop)s
        WHERE id = ANY(ARRAY(SELECT id FROM free)) RETURNING *)
    SELECT count(*) AS seen, (
        SELECT json_agg(taken.* ORDER BY priority DESC, id) FROM taken) AS taken
    FROM near
"""
"""By index for each queue: Procrastinate's own reads all tickets that come before, of whatever queue.

Arrays, not joins: PostgreSQL thinks that there are many, and would read all tickets to join them.
"""
NEAR, TRIES = 100, 5
"""Tickets beyond those wanted that are looked at: others may be taking the first ones at this moment; and how often."""


@dataclass(frozen=True)
class Service:
    """How a loop's queues are served: in so many places, of which so many may be filled by one fetch."""

    places: int
    at_once: int


class TicketManager(JobManager):
    """Procrastinate's own, but that a loop outlives its database's absence, and that a ticket ends otherwise.

    A loop that ends takes the looks under way with it. One whose every step waits for the database goes on.

    Procrastinate forgets all news when an answer is there, even that of a ticket which the answer could not know. So an
    empty answer does not count if there was news meanwhile.

    A loop may be given a ticket without being told, when the answer is lost. As long as it lives, nobody takes that for
    stranded: it puts it back itself before it fetches again.

    A ticket that was looked at is deleted. One whose look broke is put back: nobody may know yet what became of the
    job. Procrastinate's ``finish_job`` would keep the second as ``failed`` for ever, and raises when the ticket is gone
    already because another worker took this one for dead.
    """

    def __init__(self, connector: Connector) -> None:
        super().__init__(connector)
        self._hurry = connector.hurry
        self._leaving = asyncio.Event()
        self._left_behind: dict[int, tuple[str, int | None]] = {}
        self._told: dict[int, int] = {}
        self._unsure_until: dict[int, float] = {}
        self._news = Counter[frozenset[str]]()
        self._taken = Counter[frozenset[str]]()
        self._services: dict[frozenset[str], Service] = {}
        self._at_hand: dict[int, deque[Job]] = {}
        self._pace = defaultdict[int, int](lambda: 1)
        self._in_hand = Counter[int]()
        self._ending: set[asyncio.Future[None]] = set()
        self._endings = Gathering(self._end_all, ENDED_AT_ONCE, ENDING_SECONDS)

    def serve(self, queues: Iterable[str], *, places: int, at_once: int) -> None:
        """A loop is to fetch from these queues: up to so many at once, if as many of its places are free."""
        self._services[frozenset(queues)] = Service(places, at_once)

    def leave(self) -> None:
        """The loops are about to end: wait for the database no longer than a farewell takes."""
        self._leaving.set()
        self._hurry()

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        """A ticket or none, as soon as the database answers."""
        wanted = frozenset(queues or ())
        while not self._leaving.is_set():
            heard = self._news[wanted]
            try:
                job = await self._fetch(wanted, worker_id)
            except ConnectorException as error:
                if not is_away(error):
                    raise
                self._unsure_until[worker_id] = time.monotonic() + UNTOLD_SECONDS
                log.warning("fetch_postponed", queues=queues, error=repr(error.__cause__))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._leaving.wait(), PAUSE_SECONDS)
            else:
                if job is not None or self._news[wanted] == heard:
                    return job
        return None

    async def _fetch(self, queues: frozenset[str], worker_id: int) -> Job | None:
        at_hand = self._at_hand.setdefault(worker_id, deque())
        if not at_hand:
            if worker_id in self._unsure_until:
                await self._put_back_untold(worker_id)
            at_hand.extend(await self._fetch_several(queues, worker_id))
        return at_hand.popleft() if at_hand else None

    async def _fetch_several(self, queues: frozenset[str], worker_id: int) -> list[Job]:
        """At most as many as there are free places: they are begun at once, so that none waits here.

        One at first, and twice as many as the last time as long as there are so many: where there are few, other
        workers have room too.
        """
        service = self._services.get(queues, Service(1, 1))
        pace = self._pace[worker_id]
        if pace > 1:
            await asyncio.sleep(MOMENT_SECONDS)  # More places get free, most likely: for one by one there is no time.
        most = max(1, min(pace, service.at_once, service.places - self._in_hand[worker_id]))
        if oldest := (self._taken[queues] % OLDEST_EACH + most) // OLDEST_EACH:
            await self.connector.execute_query_async(OLDEST_FIRST, queues=list(queues), count=oldest)
        found = await self._fetch_free(queues, worker_id, most)
        self._pace[worker_id] = min(pace * 2, service.at_once) if len(found) == most else 1
        self._taken[queues] += len(found)
        self._told |= {job.id: worker_id for job in found if job.id is not None}
        self._in_hand[worker_id] += len(found)
        return found

    async def _fetch_free(self, queues: frozenset[str], worker_id: int, most: int) -> list[Job]:
        near = most + NEAR
        wanted = {"queues": list(queues), "loop": worker_id, "most": most, "near": near}
        for _ in range(TRIES):
            found = await self.connector.execute_query_one_async(FETCH, **wanted)
            # Where others are taking all that were looked at, there may be more behind them.
            if found["taken"] or found["seen"] < near:
                return [_ticket(row) for row in found["taken"] or ()]
        return []

    async def _put_back_untold(self, loop: int) -> None:
        is_last = time.monotonic() > self._unsure_until[loop]
        told = [ticket for ticket, to in self._told.items() if to == loop]
        await self.connector.execute_query_async(_PUT_BACK_UNTOLD, loop=loop, told=told)
        if is_last:
            del self._unsure_until[loop]

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:  # noqa: ARG002, FBT001 - not ours
        """Spend the ticket, or put it back; with the first heartbeat that succeeds, if the database is away.

        Nobody waits for it: the place of the ticket is free for another.
        """
        # A turn of the housekeeping is always spent: the next may wait already, and two cannot under one queueing lock.
        spent = status is Status.SUCCEEDED or job.queueing_lock is not None
        assert job.id is not None  # noqa: S101 - it was fetched
        self._left_behind[job.id] = (_SPEND if spent else _PUT_BACK, job.worker_id)
        if job.worker_id is not None:
            self._in_hand[job.worker_id] -= 1
        ending = self._endings.put(job.id)
        self._ending.add(ending)
        ending.add_done_callback(functools.partial(self._ended, job.id))

    async def ended(self) -> None:
        """Wait until the end of each ticket that was given up is written, or was tried to be."""
        if self._ending:
            await asyncio.wait(self._ending)

    def _ended(self, ticket: int, ending: asyncio.Future[None]) -> None:
        self._ending.discard(ending)
        if not ending.cancelled() and (error := ending.exception()):
            log.warning("ticket_left_behind", ticket=ticket, error=repr(error.__cause__ or error))

    async def listen_for_jobs(
        self, *, on_notification: NotificationCallback, queues: Iterable[str] | None = None
    ) -> None:
        """Listen until canceled, again and again while the database is away, and count the news.

        Procrastinate ends a loop whose listener or heartbeat broke, but only if it has periodic tasks: watching them
        ends with its periodic deferrer, and without such tasks that is done at once. Its polling would hide the loss.
        """

        async def count(**news: Any) -> None:
            self._news[frozenset(queues or ())] += 1
            await on_notification(**news)

        while True:
            try:
                await super().listen_for_jobs(on_notification=count, queues=queues)
            except ConnectorException as error:
                log.warning("listener_lost", queues=queues, error=repr(error.__cause__))
            end_if_canceled()
            await asyncio.sleep(PAUSE_SECONDS)

    async def update_heartbeat(self, worker_id: int) -> None:
        """Say that the loop lives; if the database is away, the next beat says it."""
        try:
            await super().update_heartbeat(worker_id)
            await self._end_all(tuple(self._left_behind))
        except ConnectorException as error:
            log.warning("ticket_heartbeat_missed", error=repr(error.__cause__))

    async def defer_periodic_job(self, job: Job, periodic_id: str, defer_timestamp: int) -> int | None:
        """Write a ticket for a turn of the housekeeping; none if the database is away, as the next turn will do.

        Nor for one that is long over: after eight hours of sleep Procrastinate makes up for fifty thousand of them, one
        after the other, and rescue would wait for that.
        """
        if defer_timestamp < time.time() - MAX_DELAY:
            return None
        try:
            return await super().defer_periodic_job(job, periodic_id, defer_timestamp)
        except ConnectorException as error:
            if not is_away(error):
                raise
            log.warning("turn_missed", task=job.task_name, error=repr(error.__cause__))
            return None

    async def list_jobs_to_abort_async(self, queue: str | None = None) -> Iterable[int]:  # noqa: ARG002 - not ours
        """None: what a job's cancellation ends is its run, not its ticket."""
        return ()

    async def unregister_worker(self, worker_id: int) -> None:
        """The loop ends: what it was about to be given is for others, and what it was given is ended before."""
        for job in self._at_hand.pop(worker_id, ()):
            await self.finish_job(job, Status.ABORTED, delete_job=True)
        await self.ended()
        del self._in_hand[worker_id]
        self._pace.pop(worker_id, None)
        await super().unregister_worker(worker_id)

    async def _end_all(self, tickets: Sequence[int]) -> Sequence[None]:
        # The loops share these: another may be through with some already.
        ends = defaultdict[tuple[str, int | None], list[int]](list)
        for ticket in tickets:
            if end := self._left_behind.get(ticket):
                ends[end].append(ticket)
        for end, ids in ends.items():
            statement, loop = end
            await self.connector.execute_query_async(statement, ids=ids, loop=loop)
            for ticket in ids:
                self._forget(ticket, end)
        return [None] * len(tickets)

    def _forget(self, ticket: int, end: tuple[str, int | None]) -> None:
        if self._left_behind.get(ticket) == end:
            del self._left_behind[ticket]
            if self._told.get(ticket) == end[1]:  # Else another was given it meanwhile.
                self._told.pop(ticket, None)


def _ticket(row: dict[str, Any]) -> Job:
    return Job(
        id=row["id"],
        status=row["status"],
        queue=row["queue_name"],
        priority=row["priority"],
        lock=row["lock"],
        queueing_lock=row["queueing_lock"],
        task_name=row["task_name"],
        task_kwargs=row["args"],
        attempts=row["attempts"],
        worker_id=row["worker_id"],
    )


def is_away(error: ConnectorException) -> bool:
    """Whether another try may succeed; not where the ledger has forgotten the loop after a long silence."""
    cause = error.__cause__
    broken = isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError)
    return broken or (isinstance(cause, psycopg.Error) and says_away(cause.sqlstate))
