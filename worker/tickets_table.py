"""What Procrastinate's table of tickets is asked, by statements of our own."""

from __future__ import annotations

from typing import Any

from procrastinate.jobs import Job

from worker.connector import NEWS

# Ended late, a ticket may be another's by then: it was put back before, and nobody answered.
_OURS = "id = ANY(%(ids)s) AND status = 'doing' AND (worker_id IS NULL OR worker_id = %(loop)s)"
SPEND = f"DELETE FROM procrastinate_jobs WHERE {_OURS}"  # noqa: S608 - constants
PUT_BACK = f"""
    UPDATE procrastinate_jobs
    SET status = 'todo', worker_id = NULL, abort_requested = false, scheduled_at = now() + interval '2 seconds'
    WHERE {_OURS}
"""  # noqa: S608 - constants
HAND_ON = f"""
    WITH back AS (
        UPDATE procrastinate_jobs SET status = 'todo', worker_id = NULL, abort_requested = false
        WHERE {_OURS} RETURNING queue_name)
    SELECT pg_notify('procrastinate_queue_v1#' || queue_name, '{NEWS}') FROM back
"""  # noqa: S608 - constants
"""Back at once, and others are told as of a new one: nothing was wrong with it."""
_UNTOLD = "status = 'doing' AND worker_id = %(loop)s AND id <> ALL (CAST(%(told)s AS bigint[]))"
PUT_BACK_UNTOLD = f"""
    WITH turns AS (DELETE FROM procrastinate_jobs WHERE {_UNTOLD} AND queueing_lock IS NOT NULL)
    UPDATE procrastinate_jobs SET status = 'todo', worker_id = NULL WHERE {_UNTOLD} AND queueing_lock IS NULL
"""  # noqa: S608 - constants
FETCH = """
    WITH near AS MATERIALIZED (
        SELECT near.id FROM unnest(CAST(%(queues)s AS varchar[])) AS place CROSS JOIN LATERAL (
            SELECT id FROM procrastinate_jobs
            WHERE status = 'todo' AND queue_name = place AND (scheduled_at IS NULL OR scheduled_at <= now())
            ORDER BY priority DESC, id LIMIT %(near)s) AS near),
    oldest AS MATERIALIZED (
        SELECT oldest.id FROM unnest(CAST(%(queues)s AS varchar[])) AS place CROSS JOIN LATERAL (
            SELECT id FROM procrastinate_jobs
            WHERE status = 'todo' AND queue_name = place AND (scheduled_at IS NULL OR scheduled_at <= now())
            ORDER BY id NULLS FIRST LIMIT %(oldest)s) AS oldest
        ORDER BY oldest.id LIMIT %(oldest)s),
    free AS (
        SELECT id FROM procrastinate_jobs
        WHERE id = ANY(ARRAY(SELECT id FROM near UNION ALL SELECT id FROM oldest)) AND status = 'todo'
        ORDER BY id = ANY(ARRAY(SELECT id FROM oldest)) DESC, priority DESC, id
        LIMIT %(most)s FOR UPDATE SKIP LOCKED),
    taken AS (
        UPDATE procrastinate_jobs SET status = 'doing', worker_id = %(loop)s
        WHERE id = ANY(ARRAY(SELECT id FROM free)) RETURNING *)
    SELECT count(*) AS seen, (
        SELECT json_agg(taken.* ORDER BY id = ANY(ARRAY(SELECT id FROM oldest)) DESC, priority DESC, id) FROM taken)
        AS taken, set_config('synchronous_commit', 'off', true)
    FROM near
"""
"""By index for each queue: Procrastinate's own reads all tickets that come before, of whatever queue.

Arrays, not joins: PostgreSQL thinks that there are many, and would read all tickets to join them. ``NULLS FIRST`` as
the index of the oldest alone has it: by the primary key PostgreSQL would read the tickets of all queues.

It waits for no disk: a server that dies at that moment has the tickets to be done still, and a doubled one is harmless.
"""


def ticket_of(row: dict[str, Any]) -> Job:
    """A row as Procrastinate knows it."""
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
