"""Many jobs in one statement, as the service would have made them one by one."""

from __future__ import annotations

from playhead.models import ADMIN_OWNER
from playhead.tickets import LOOK

# Ids as of jobs of the last days: they grow with the time.
_ID = """
    CAST(lpad(to_hex(CAST(extract(epoch FROM now() - interval '1 day') * 1000 AS bigint) + n / 100), 12, '0')
         || '7' || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15) AS uuid)
"""


def _jobs(count: int, kind: str, queue: str, state: str, more: str = "", values: str = "") -> str:
    return f"""
        INSERT INTO jobs (id, owner_id, kind, queue, state, params, input, trace_id, max_attempts{more})
        SELECT {_ID}, '{ADMIN_OWNER}', '{kind}', '{queue}', '{state}', jsonb_build_object('number', n),
               '{{"text": "nothing"}}', md5(n::text), 3{values}
        FROM generate_series(1, {count}) AS n
    """  # noqa: S608 - constants


_WAITING = f"""
    WITH made AS ({_jobs(100_000, "transcribe", "gpu", "queued", ", queued_at", ", now()")} RETURNING id)
    INSERT INTO procrastinate_jobs (queue_name, task_name, args)
    SELECT 'gpu/transcribe', '{LOOK}', jsonb_build_object('job_id', id) FROM made
"""  # noqa: S608 - constants

CROWDS = {
    "100,000 jobs that wait in another queue": _WAITING,
    "100,000 jobs of its own queue that are due tomorrow": _jobs(
        100_000, "nothing", "io", "waiting", ", run_at", ", now() + interval '1 day'"
    ),
    "1,000,000 jobs of its own queue that are done": _jobs(
        1_000_000, "nothing", "io", "succeeded", ", progress, attempt, started_at, finished_at", ", 1, 1, now(), now()"
    ),
}
"""What there may be beside a job, and the statement that makes it."""
