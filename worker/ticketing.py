"""Tickets: fetched, spent and put back, whatever becomes of the database."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Iterable
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
from worker.fetching import Fetching, Service
from worker.spending import Spending
from worker.tickets_table import HAND_ON, PUT_BACK, SPEND

PAUSE_SECONDS = 1.0
"""Between two tries to reach the database."""
log = structlog.get_logger(__name__)


class TicketManager(JobManager):
    """Procrastinate's own, but that a loop outlives its database's absence, and that a ticket ends otherwise.

    A loop that ends takes the looks under way with it. One whose every step waits for the database goes on.

    Procrastinate forgets all news when an answer is there, even that of a ticket which the answer could not know. So an
    empty answer does not count if there was news meanwhile.

    A ticket that was looked at is deleted. One whose look broke is put back for a later look: nobody may know yet what
    became of the job. When this process stops, others are told of it at once.
    """

    def __init__(self, connector: Connector) -> None:
        super().__init__(connector)
        self._hurry = connector.hurry
        self._leaving = asyncio.Event()
        self._news = Counter[frozenset[str]]()
        self._fetching = Fetching(connector)
        self._spending = Spending(connector, self._fetching.forget)

    def serve(self, queues: Iterable[str], *, places: int, at_once: int) -> None:
        """A loop is to fetch from these queues: up to so many at once, if as many of its places are free."""
        self._fetching.serve(queues, Service(places, at_once))

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
                job = await self._fetching.next_ticket(wanted, worker_id, heard)
            except ConnectorException as error:
                if not is_away(error):
                    raise
                self._fetching.doubt(worker_id)
                log.warning("fetch_postponed", queues=queues, error=repr(error.__cause__))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._leaving.wait(), PAUSE_SECONDS)
            else:
                if job is not None or self._news[wanted] == heard:
                    return job
        return None

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:  # noqa: ARG002, FBT001 - not ours
        """Spend the ticket, or leave it to others; with the first heartbeat that succeeds, if the database is away.

        Nobody waits for it: the place of the ticket is free for another.
        """
        assert job.id is not None  # noqa: S101 - it was fetched
        self._fetching.free(job.worker_id)
        self._spending.end(job.id, job.worker_id, self._how(job, status))

    def _how(self, job: Job, status: Status) -> str:
        # A turn of the housekeeping is always spent: the next may wait already, and two cannot under one queueing lock.
        if status is Status.SUCCEEDED or job.queueing_lock is not None:
            return SPEND
        # While this process fetches, it would be given the ticket again at once, and again.
        return HAND_ON if self._leaving.is_set() else PUT_BACK

    async def ended(self) -> None:
        """Wait until the end of each ticket that was given up is written, or was tried to be."""
        await self._spending.tried()

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
            await self._spending.try_again()
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
        for job in self._fetching.leave(worker_id):
            await self.finish_job(job, Status.ABORTED, delete_job=True)
        await self.ended()
        await super().unregister_worker(worker_id)


def is_away(error: ConnectorException) -> bool:
    """Whether another try may succeed; not where the ledger has forgotten the loop after a long silence."""
    cause = error.__cause__
    broken = isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError)
    return broken or (isinstance(cause, psycopg.Error) and says_away(cause.sqlstate))
