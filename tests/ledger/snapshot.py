"""The ledger as the database has it: what is compared with the reference, and what must be true of it at any time."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from playhead.database import Database
from playhead.states import FIRST, STEPS, State

_ROWS = text(
    """
    SELECT job.id, state, attempt, lease, worker_id, waits_for, progress, gpu_seconds, input_sha256,
           error ->> 'code' AS error_code, CAST(error ->> 'attempt' AS int) AS error_attempt,
           ARRAY(SELECT name FROM outputs WHERE job_id = job.id ORDER BY name) AS outputs,
           (SELECT checkpoint.lease FROM checkpoints AS checkpoint WHERE job_id = job.id) AS checkpoint,
           (SELECT jsonb_agg(jsonb_build_array(coalesce(data ->> 'state', type), attempt, lease) ORDER BY id)
            FROM job_events WHERE job_id = job.id) AS history,
           (SELECT count(*) FROM procrastinate_jobs WHERE args ->> 'job_id' = CAST(job.id AS text)) AS tickets,
           expires_at IS NOT NULL AS expires,
           queue.paused_at IS NULL AND (expires_at IS NULL OR expires_at > now() OR started_at IS NOT NULL) AS runnable
    FROM jobs AS job LEFT JOIN queues AS queue ON queue.name = job.queue
    """
)
Rows = list[Row[Any]]


async def take(database: Database) -> Rows:
    """All jobs, with what belongs to them, at one moment."""
    async with database.transaction() as session:
        return list(await session.execute(_ROWS))


def jobs(rows: Rows) -> dict[UUID, dict[str, Any]]:
    """In the form of :meth:`tests.ledger.reference.Known.row`."""
    return {row.id: _job(row) for row in rows}


def _job(row: Row[Any]) -> dict[str, Any]:
    same = ("attempt", "lease", "worker_id", "waits_for", "progress", "gpu_seconds", "input_sha256", "checkpoint")
    return {name: getattr(row, name) for name in same} | {
        "state": State(row.state),
        "expires": row.expires,
        "error": (row.error_code, row.error_attempt) if row.error_code else None,
        "outputs": tuple(row.outputs),
        "history": tuple(tuple(event) for event in row.history),
    }


def check(rows: Rows, without_outputs: Collection[UUID] = ()) -> None:
    """What must be true at any moment, whatever is under way, but for these jobs that succeeded and made nothing."""
    for row in rows:
        told = f"job {row.id} is {row.state} after {row.history}"
        check_history(row.history, row.state, row.lease, told)
        assert row.state != State.QUEUED or not row.runnable or row.tickets, f"{told}, and has no ticket"
        made = row.state == State.SUCCEEDED and row.id not in without_outputs
        assert bool(row.outputs) == made, f"{told}, and has outputs {row.outputs}"


def check_history(history: list[tuple[str, int, int | None]], state: str, lease: int | None, told: str) -> None:
    """Each step is legal, each run's events come while it holds the job, and the row says where it ended."""
    now: State | None = None
    holder, last = None, 0
    for event, _, by in history:
        if event not in set(State):
            assert by is not None
            assert by == holder, f"{told}: {event} of run {by} while {holder} held it"
            continue
        after = State(event)
        assert after in (STEPS[now] if now else FIRST), f"{told}: {now} -> {after}"
        assert (by is not None) == (after is State.RUNNING), f"{told}: {after} with lease {by}"
        assert by is None or by > last, f"{told}: lease {by} after {last}"
        now, holder, last = after, by, by or last
    assert (now, holder) == (state, lease), f"{told}, and its lease is {lease}"
