"""Tickets: one Procrastinate job whose only argument is a job's id. It means "somebody look at this job now".

Procrastinate's own function is called through the caller's session, so that a ticket exists exactly when the
ledger change that calls for it does. A stray, stale or doubled ticket is harmless: the claim decides.

Where nobody lives who would look, the wish that somebody be woken goes with them, in the same statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.database import plainly
from playhead.waking.wishing import wish

LOOK = "playhead.look"
"""The Procrastinate task that a ticket names."""

READY = "ready"
"""The name of a CTE of jobs that are queued, in whose statement tickets are issued: its columns, as of ``jobs``."""
READY_COLUMNS = ("id", "queue", "kind", "state", "priority", "started_at", "expires_at")
WISHING = wish(READY)
ISSUING = f"""
    SELECT procrastinate_defer_jobs_v1(array_agg(
        ROW(queue || '/' || kind, '{LOOK}', priority + CAST(started_at IS NOT NULL AS int), NULL, NULL,
            jsonb_build_object('job_id', id), NULL)::procrastinate_job_to_defer_v1
        ORDER BY id))
    FROM {READY}
    HAVING count(*) > 0
"""  # noqa: S608 - constants
_ISSUE = text(
    f"""
    WITH {READY} AS (SELECT {", ".join(READY_COLUMNS)} FROM jobs WHERE id = ANY(:ids) AND state = 'queued'),
    wished AS ({WISHING})
    {ISSUING}
    """  # noqa: S608 - constants
)


def place(queue: str, kind: str) -> str:
    """Procrastinate's name of the queue in which tickets of this kind's jobs lie: a worker may take only some kinds."""
    return f"{queue}/{kind}"


async def issue(session: AsyncSession, job_ids: Sequence[UUID]) -> None:
    """Write a ticket for each of these jobs that is queued, in the session's transaction.

    What has begun goes on before what has not, within a priority: a new ticket is the last of its rank.
    """
    if job_ids:
        await plainly(session, _ISSUE, {"ids": list(job_ids)})
