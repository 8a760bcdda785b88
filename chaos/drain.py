"""After the last fault: wait until all has ended, and see what is left over."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from uuid import UUID

from chaos.apis import Apis
from chaos.server import GONE, Server
from chaos.user import resume_all
from playhead.states import TERMINAL
from playhead.tickets import LOOK

STUCK_SECONDS = 120.0
"""If nothing ends for so long, nothing will: the rarest housekeeping comes every minute."""
TICKETS_SECONDS = 60.0
WAIT_SECONDS = 4
POLL_SECONDS = 0.5
_ENDED = ", ".join(f"'{state}'" for state in sorted(TERMINAL))
_COUNT = f"SELECT count(*) FROM jobs WHERE state NOT IN ({_ENDED})"  # noqa: S608 - constants
_OPEN = f"SELECT id, kind, state FROM jobs WHERE state NOT IN ({_ENDED}) ORDER BY id"  # noqa: S608 - constants
_TICKETS = "SELECT id, status, args ->> 'job_id' AS job_id FROM procrastinate_jobs WHERE task_name = $1"
_HOUSEKEEPING = """
    SELECT id, status::text, task_name FROM procrastinate_jobs
    WHERE task_name <> $1 AND status NOT IN ('todo', 'doing')
"""


async def heed_backlog(server: Server, open_: asyncio.Event, most: int) -> None:
    """Keep ``open_`` set while fewer than ``most`` jobs have not ended, until canceled."""
    while True:
        try:
            async with server.connection() as connection:
                while True:
                    (open_.set if await connection.fetchval(_COUNT) < most else open_.clear)()
                    await asyncio.sleep(POLL_SECONDS)
        except GONE:
            await asyncio.sleep(POLL_SECONDS)


async def drain(server: Server, apis: Apis, tell: Callable[[str], None]) -> list[str]:
    """Wait until every job has ended, and no request can begin one anew that was given up; gives those that do not."""
    while True:
        stuck, doubtful_seconds = await _end_all(server, apis, tell), apis.doubtful_until - time.time()
        if stuck or doubtful_seconds <= 0:
            return stuck
        await asyncio.sleep(doubtful_seconds)


async def _end_all(server: Server, apis: Apis, tell: Callable[[str], None]) -> list[str]:
    left, since = -1, time.monotonic()
    async with server.connection() as connection:
        while rows := await connection.fetch(_OPEN):
            if len(rows) != left:
                left, since = len(rows), time.monotonic()
                tell(f"{left} jobs to end")
            if time.monotonic() - since > STUCK_SECONDS:
                return [f"job {row['id']} ({row['kind']}) stays {row['state']}" for row in rows]
            await _wait(apis, rows[0]["id"])
    return []


async def _wait(apis: Apis, job_id: UUID) -> None:
    """Wait for the end of the job, for a while."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(STUCK_SECONDS):
            # A request to pause that was given up may have been done after the one to resume.
            await resume_all(apis)
            await apis.call("GET", f"/api/v1/jobs/{job_id}", params={"wait": WAIT_SECONDS})


async def leftover_tickets(server: Server) -> list[str]:
    """Tickets that nobody takes away, once every job has ended; and turns of the housekeeping that are kept."""
    until = time.monotonic() + TICKETS_SECONDS
    async with server.connection() as connection:
        while (rows := await connection.fetch(_TICKETS, LOOK)) and time.monotonic() < until:  # noqa: ASYNC110
            await asyncio.sleep(POLL_SECONDS)  # Procrastinate notifies of no end.
        rows += await connection.fetch(_HOUSEKEEPING, LOOK)
    return [f"ticket {dict(row)} is left over" for row in rows]
