"""The worker's row in the ledger: made at the start, marked at the end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket

import structlog
from sqlalchemy.exc import ProgrammingError

from playhead.cancellation import end_if_canceled
from playhead.database import Database, is_away
from playhead.ledger import workers
from worker.runner import Runner
from worker.serving import served

PAUSE_SECONDS = 1.0
FAREWELL_SECONDS = 2.0
log = structlog.get_logger(__name__)


async def arrive(runner: Runner, through: Database | None = None) -> None:
    """Enter the worker, as soon as the database answers and has its tables.

    ``through`` are connections of the calling thread, where that is not the runner's.
    """
    wanted, database = runner.settings.worker, through or runner.database
    queues = list(served(wanted))
    while True:
        try:
            async with database.transaction() as session:
                await workers.arrive(
                    session,
                    runner.worker_id,
                    name=f"{socket.gethostname()}:{os.getpid()}",
                    device=runner.engines.device,
                    queues=queues,
                    kinds=wanted.kinds,
                    concurrency={queue: wanted.concurrency.get(queue, 1) for queue in queues},
                )
        except ProgrammingError as error:
            log.warning("schema_missing", remedy="run `playhead migrate`", error=str(error.orig))
        except Exception as error:
            end_if_canceled()
            if not is_away(error):
                raise
            log.warning("database_away", error=repr(error))
        else:
            return
        await asyncio.sleep(PAUSE_SECONDS)


async def leave(runner: Runner) -> None:
    """Mark the worker as ended, so that anything it could not give back is rescued at once."""
    with contextlib.suppress(Exception):
        async with runner.database.transaction(patience_seconds=FAREWELL_SECONDS) as session:
            await workers.leave(session, runner.worker_id)
