"""Dispatch: Procrastinate's worker loops fetch tickets and hand them to the runner."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from uuid import UUID

import procrastinate
import structlog
from procrastinate.worker import Worker

from playhead.tickets import LOOK
from worker.connector import Connector
from worker.loop import Loop
from worker.ticketing import TicketManager

PAUSE_SECONDS = 1.0
"""Before a loop that ended is begun again, and between two tries to end one."""
log = structlog.get_logger(__name__)


def make_app(database_url: str, *, application: str, connections: int) -> procrastinate.App:
    """A Procrastinate app over a pool of its own; the schema is Alembic's."""
    connector = Connector(database_url, application=application, connections=connections)
    app = procrastinate.App(connector=connector)
    app.job_manager = TicketManager(connector)
    return app


def answer_tickets(app: procrastinate.App, look: Callable[[UUID, str], Awaitable[None]]) -> None:
    """Let the app hand each ticket's job id to ``look``, and the queue that it came from."""

    @app.task(name=LOOK, pass_context=True)
    async def on_ticket(context: procrastinate.JobContext, job_id: str) -> None:
        await look(UUID(job_id), context.job.queue.partition("/")[0])


async def keep_fetching(
    app: procrastinate.App, queues: Iterable[str], concurrency: int, heartbeat_seconds: float, *, at_once: int = 1
) -> None:
    """Fetch tickets until canceled, up to ``at_once`` for as many free places.

    Procrastinate's loop may end, when its connections break or it was taken for dead. It is begun again as soon as
    the database answers; runs under way are not its own and go on meanwhile, in the places that they have taken.
    """
    if isinstance(app.job_manager, TicketManager):
        app.job_manager.serve(queues, places=concurrency, at_once=at_once)
    while True:
        loop = _loop(app, list(queues), concurrency, heartbeat_seconds)
        fetching = asyncio.create_task(loop.run())  # type: ignore[no-untyped-call]
        try:
            await asyncio.shield(fetching)
        except asyncio.CancelledError:
            if isinstance(app.job_manager, TicketManager):
                app.job_manager.leave()
            await _end(loop, fetching)
            raise
        except Exception as error:  # noqa: BLE001 - whatever ended the loop, it must go on
            log.warning("dispatch_interrupted", queues=list(queues), error=repr(error))
        await asyncio.sleep(PAUSE_SECONDS)


def _loop(app: procrastinate.App, queues: list[str], concurrency: int, heartbeat_seconds: float) -> Worker:
    return Loop(
        app=app,
        queues=queues,
        concurrency=concurrency,
        delete_jobs="always",
        install_signal_handlers=False,
        shutdown_graceful_timeout=0,
        update_heartbeat_interval=heartbeat_seconds,
    )


async def _end(loop: Worker, fetching: asyncio.Task[None]) -> None:
    """Tell the loop to stop until it ends: a connection that breaks at the same time takes a cancellation with it.

    Once it is registered, it is only told. Canceled, and canceled again, it would not wait for its listener and its
    looks, and those would find the connections closed.
    """
    while not fetching.done():
        loop.stop()  # type: ignore[no-untyped-call]
        if loop.run_task is None:
            fetching.cancel()
        await asyncio.wait([fetching], timeout=PAUSE_SECONDS)
    if not fetching.cancelled():
        fetching.exception()  # One that cannot sign off because the database is away raises that instead.
