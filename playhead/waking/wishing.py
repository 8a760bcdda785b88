"""Wishes: work waits on a queue that no living worker serves, so one is to be woken.

A wish is written by compare-and-set, by whoever sees the need first: mostly in the transaction that makes jobs
runnable, else by whoever looks. Its call is another's (:mod:`playhead.waking.calls`), after the commit. A queue has a
row in ``wakes`` only where an API has a hook for it; where there is none, nothing is to be done.
"""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

CHANNEL = "playhead_wakes"
"""PostgreSQL notifies here of each new wish: its queue."""

_ALIVE = """
    SELECT FROM workers AS worker
    WHERE worker.stopped_at IS NULL AND wake.queue = ANY(worker.queues)
      AND worker.heartbeat_at > now() - make_interval(secs => wake.lost_after_seconds)
"""


def in_vain(jobs: str, columns: str = "") -> str:
    """A query for these columns of jobs that no living worker would take, of the queue of a row ``wake``.

    Args:
        jobs: the table that has them, with the columns of ``jobs``. Here each is known as ``job``.
        columns: SQL; none where only their existence matters.
    """
    return f"""
        SELECT {columns} FROM {jobs} AS job
        WHERE job.queue = wake.queue AND job.state = 'queued'
          AND (job.expires_at IS NULL OR job.expires_at > now() OR job.started_at IS NOT NULL)
          AND NOT EXISTS ({_ALIVE} AND job.kind = ANY(worker.kinds))
    """  # noqa: S608 - constants


OPEN = f"""
    NOT EXISTS (SELECT FROM queues WHERE queues.name = wake.queue AND queues.paused_at IS NOT NULL)
    AND NOT EXISTS ({_ALIVE} AND worker.kinds IS NULL)
"""
"""Of a row ``wake``: its queue is not paused, and nobody serves all of it. Asked first: the jobs may be many."""


def wish(jobs: str, condition: str = "true") -> str:
    """A statement that wishes for each queue that needs it, and tells on commit; at most one in ``every_seconds``.

    Nobody waits for a row that someone else holds, who is about to do the same; if he should come to nothing, the next
    look does it.
    """
    return f"""
        UPDATE wakes SET pending = true, wished_at = now()
        FROM (
            SELECT wake.queue FROM wakes AS wake
            WHERE NOT wake.pending AND {condition}
              AND (wake.wished_at IS NULL OR wake.wished_at <= now() - make_interval(secs => wake.every_seconds))
              AND {OPEN} AND EXISTS ({in_vain(jobs)})
            FOR UPDATE OF wake SKIP LOCKED) AS needed
        WHERE wakes.queue = needed.queue
        RETURNING CAST(pg_notify('{CHANNEL}', wakes.queue) AS text)
    """  # noqa: S608 - constants


_LOOK = text(wish("jobs", "(wake.look_at IS NULL OR wake.look_at <= now())"))


async def look(session: AsyncSession) -> None:
    """Wish for whatever waits in vain now, however it came to that; the more seldom, the oftener it was in vain."""
    await session.execute(_LOOK)
