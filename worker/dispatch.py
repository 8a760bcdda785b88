"""Dispatch: Procrastinate's worker loops fetch tickets and hand them to the runner."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from uuid import UUID

import procrastinate
import structlog
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager, NotificationCallback

from playhead.cancellation import end_if_canceled
from playhead.tickets import LOOK

KEEPALIVES = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}
"""A connection that went silent is found out within half a minute, the one that listens included."""
PAUSE_SECONDS = 1.0
log = structlog.get_logger(__name__)


_SPEND = "DELETE FROM procrastinate_jobs WHERE id = %(id)s"
_PUT_BACK = """
    UPDATE procrastinate_jobs
    SET status = 'todo', worker_id = NULL, abort_requested = false, scheduled_at = now() + interval '2 seconds'
    WHERE id = %(id)s AND status = 'doing'
"""


class TicketManager(JobManager):
    """Procrastinate's own, but that a ticket ends otherwise.

    One that was looked at is deleted. One whose look broke is put back: nobody may know yet what became of the job.
    Procrastinate's ``finish_job`` would keep the second as ``failed`` for ever, and raises when the ticket is gone
    already because another worker took this one for dead.
    """

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:  # noqa: ARG002, FBT001 - not ours
        """Spend the ticket, or put it back. If the database is away, the housekeeping replaces it."""
        # A turn of the housekeeping is always spent: the next may wait already, and two cannot under one queueing lock.
        spent = status is Status.SUCCEEDED or job.queueing_lock is not None
        try:
            await self.connector.execute_query_async(_SPEND if spent else _PUT_BACK, id=job.id)
        except ConnectorException as error:
            log.warning("ticket_left_behind", ticket=job.id, error=repr(error.__cause__))

    async def listen_for_jobs(
        self, *, on_notification: NotificationCallback, queues: Iterable[str] | None = None
    ) -> None:
        """Listen until canceled, again and again while the database is away.

        Procrastinate ends a loop whose listener or heartbeat broke, but only if it has periodic tasks: watching them
        ends with its periodic deferrer, and without such tasks that is done at once. Its polling would hide the loss.
        """
        while True:
            try:
                await super().listen_for_jobs(on_notification=on_notification, queues=queues)
            except ConnectorException as error:
                log.warning("listener_lost", queues=queues, error=repr(error.__cause__))
            end_if_canceled()
            await asyncio.sleep(PAUSE_SECONDS)

    async def update_heartbeat(self, worker_id: int) -> None:
        """Say that the loop lives; if the database is away, the next beat says it."""
        try:
            await super().update_heartbeat(worker_id)
        except ConnectorException as error:
            log.warning("ticket_heartbeat_missed", error=repr(error.__cause__))


def make_app(database_url: str, *, application: str, connections: int) -> procrastinate.App:
    """A Procrastinate app over a pool of its own; the schema is Alembic's."""
    connector = procrastinate.PsycopgConnector(
        conninfo=database_url,
        kwargs={"application_name": application, "connect_timeout": 5, **KEEPALIVES},
        min_size=1,
        max_size=connections,
        timeout=10,
    )
    app = procrastinate.App(connector=connector)
    app.job_manager = TicketManager(connector)
    return app


def answer_tickets(app: procrastinate.App, look: Callable[[UUID, str], Awaitable[None]]) -> None:
    """Let the app hand each ticket's job id to ``look``, and the queue that it came from."""

    @app.task(name=LOOK, pass_context=True)
    async def on_ticket(context: procrastinate.JobContext, job_id: str) -> None:
        await look(UUID(job_id), context.job.queue)


async def keep_fetching(
    app: procrastinate.App, queues: Iterable[str], concurrency: int, heartbeat_seconds: float
) -> None:
    """Fetch tickets until canceled.

    Procrastinate's loop ends when its connections break. It is begun again as soon as the database answers; runs
    under way are not its own and go on meanwhile, in the places that they have taken.
    """
    while True:
        try:
            await app.run_worker_async(
                queues=list(queues),
                concurrency=concurrency,
                delete_jobs="always",
                install_signal_handlers=False,
                shutdown_graceful_timeout=0,
                update_heartbeat_interval=heartbeat_seconds,
            )
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever ended the loop, it must go on
            log.warning("dispatch_interrupted", queues=list(queues), error=repr(error))
        # One that cannot sign off because the database is away raises that instead of the cancellation.
        end_if_canceled()
        await asyncio.sleep(PAUSE_SECONDS)
