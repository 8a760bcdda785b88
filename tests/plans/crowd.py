# ruff: noqa: S608 - of constants
"""A million jobs of fifty owners, with all that goes with each, in a few statements.

Whose ids are ``id_of(table, n)``. Of the jobs, the first nine tenths have ended, half of the others wait and the other
half is queued but for the last hundred, which run.
"""

from __future__ import annotations

import hashlib
from uuid import UUID

JOBS, OWNERS, BATCHES, WORKERS = 1_000_000, 50, 1_000, 50
ENDED, WAITING, RUNNING = 900_000, 950_000, 999_900
"""The numbers of the last that has ended, of the last that waits, and of the last that is queued."""
# Nothing points at the last bytes, the orphans.
FILES, FLIGHTS, ORPHANS = 100_000, 300_000, 150
TABLES = (
    *("owner", "job", "batch", "worker", "file", "feed", "episode", "subscription", "schedule", "adventure"),
    *("delivery", "run", "issue"),
)


def id_of(table: str, number: int) -> UUID:
    """The id of a row."""
    return UUID(f"1000000{TABLES.index(table):x}-0000-7000-8000-{number:012x}")


OWNER = id_of("owner", 1)
"""Whoever asks."""


def id_sql(table: str, number: str) -> str:
    """The same, in a statement: ``number`` is an expression there."""
    return f"CAST('1000000{TABLES.index(table):x}-0000-7000-8000-' || lpad(to_hex({number}), 12, '0') AS uuid)"


def sha_of(number: int) -> str:
    """The name of bytes; those of a file have its number."""
    return f"{number:064x}"


def _sha(number: str) -> str:
    return f"lpad(to_hex({number}), 64, '0')"


def key_of(number: int) -> bytes:
    """Under which the work of a job is shared, if its number is even; that of three jobs, one after the other."""
    return hashlib.md5(str(number // 6).encode(), usedforsecurity=False).digest()


def _key(number: str) -> str:
    return f"decode(md5(CAST({number} / 6 AS text)), 'hex')"


_STATE = f"""
    CASE WHEN n > {RUNNING} THEN 'running' WHEN n > {WAITING} THEN 'queued' WHEN n > {ENDED} THEN 'waiting'
         WHEN n % 99 < 90 THEN 'succeeded' WHEN n % 99 < 94 THEN 'failed' WHEN n % 99 < 97 THEN 'canceled'
         WHEN n % 99 < 99 THEN 'skipped' ELSE 'expired' END
"""
_KIND = "(ARRAY['transcribe', 'transcribe', 'transcribe', 'convert', 'summarize'])[1 + n % 5]"
_QUEUE = "(ARRAY['gpu', 'gpu', 'gpu', 'cpu', 'llm'])[1 + n % 5]"
_AT = f"now() - ({JOBS} - n) * interval '2 seconds'"

_CHILD = id_sql("job", f"20 * (n + {BATCHES})")

JOBS_THERE = (
    f"""INSERT INTO owners (id, name) SELECT {id_sql("owner", "n")}, 'owner ' || n
        FROM generate_series(0, {OWNERS - 1}) AS n""",
    f"""INSERT INTO workers (id, name, device, queues, concurrency, version)
        SELECT {id_sql("worker", "n")}, 'w', 'cpu', '{{gpu,cpu,llm,io}}', '{{}}', '1'
        FROM generate_series(0, {WORKERS - 1}) AS n""",
    f"""INSERT INTO batches (id, owner_id, total, trace_id, names, created_at)
        SELECT {id_sql("batch", "n")}, {id_sql("owner", f"n % {OWNERS}")}, 50, 't',
               jsonb_build_object('summarize', {_CHILD}, 'transcribe', {_CHILD}, 'tell', {_CHILD}),
               now() - ({BATCHES} - n) * interval '1 hour'
        FROM generate_series(0, {BATCHES - 1}) AS n""",
    f"""INSERT INTO blobs (sha256, size_bytes, touched_at) SELECT {_sha("n")}, n, now() - n * interval '1 minute'
        FROM generate_series(1, {2 * FILES + ORPHANS}) AS n""",
    f"""INSERT INTO files (id, owner_id, sha256, size_bytes, media_type, expires_at)
        SELECT {id_sql("file", "n")}, {id_sql("owner", f"n % {OWNERS}")}, {_sha("n")}, n, 'audio/wav',
               now() + ({FILES} - 500 - n) * interval '1 minute'
        FROM generate_series(1, {FILES}) AS n""",
    f"""INSERT INTO jobs (id, owner_id, kind, queue, state, priority, params, input, metadata, input_sha256,
               idempotency_key, trace_id, attempt, max_attempts, lease, worker_id, waits_for, parent_id, error, result,
               timeout_seconds, created_at, queued_at, started_at, finished_at, run_at, expires_at, shares, cache_key,
               follows)
        SELECT {id_sql("job", "n")}, {id_sql("owner", f"n % {OWNERS}")}, {_KIND}, {_QUEUE}, {_STATE},
               n % 3 * 10, '{{}}',
               jsonb_build_object('file', {id_sql("file", f"1 + n % {FILES}")}),
               CASE WHEN n % 10 = 0 THEN jsonb_build_object('project', 'p' || n % 1000) ELSE '{{}}' END,
               {_sha(f"1 + n % {FILES}")}, CASE WHEN n % 5 = 0 THEN 'key ' || n END, md5(CAST(n AS text)), 1, 3,
               CASE WHEN n > {RUNNING} THEN n END,
               CASE WHEN n > {RUNNING} THEN {id_sql("worker", f"n % {WORKERS}")} END,
               CASE WHEN n > {ENDED} AND n <= {WAITING} THEN n % 2 ELSE 0 END,
               CASE WHEN n % 20 = 0 THEN {id_sql("batch", f"n / 20 % {BATCHES}")} END,
               CASE WHEN n % 99 >= 90 AND n <= {ENDED} THEN '{{"code": "dependency_failed"}}'::jsonb END,
               CASE WHEN n % 99 < 90 AND n <= {ENDED} THEN jsonb_build_object('text', repeat('word ', 100)) END,
               3600, {_AT}, {_AT}, CASE WHEN n <= {ENDED} OR n > {RUNNING} THEN {_AT} END,
               CASE WHEN n <= {ENDED} THEN {_AT} END,
               CASE WHEN n > {ENDED} AND n <= {WAITING} THEN now() + n * interval '1 minute' END,
               CASE WHEN n % 3 = 0 THEN now() + n * interval '1 minute' END,
               n % 2 = 0, CASE WHEN n % 2 = 0 THEN {_key("n")} END,
               n > {ENDED} AND n <= {WAITING} AND n % 10 = 0
        FROM generate_series(1, {JOBS}) AS n""",
    f"""INSERT INTO flights (key, job_id) SELECT {_key("n")}, {id_sql("job", "n")}
        FROM generate_series(6, {FLIGHTS}, 6) AS n""",
    f"""INSERT INTO job_events (job_id, owner_id, type, attempt, data)
        SELECT {id_sql("job", "1 + n / 2")}, {id_sql("owner", f"n / 2 % {OWNERS}")}, 'state', 1, '{{"state": "queued"}}'
        FROM generate_series(0, {2 * JOBS - 1}) AS n""",
    f"""INSERT INTO outputs (job_id, name, owner_id, sha256, size_bytes, media_type)
        SELECT {id_sql("job", "n")}, 'transcript.txt', {id_sql("owner", f"n % {OWNERS}")},
               {_sha(f"{FILES} + n % {FILES}")}, 1, 'text/plain'
        FROM generate_series(1, {ENDED}, 3) AS n""",
    f"""INSERT INTO job_dependencies (job_id, needs_id) SELECT {id_sql("job", "n")}, {id_sql("job", "n - 40000")}
        FROM generate_series({ENDED + 40_001}, {WAITING}, 2) AS n""",
    f"""INSERT INTO job_inputs (job_id, place, source_id, output, sha256)
        SELECT {id_sql("job", "n")}, 0, {id_sql("job", "n + 1")}, 'transcript.txt', {_sha(f"1 + n % {FILES}")}
        FROM generate_series(1, {ENDED}, 20) AS n""",
    f"""INSERT INTO checkpoints (job_id, owner_id, lease, state)
        SELECT {id_sql("job", "n")}, {id_sql("owner", f"n % {OWNERS}")}, n, '{{}}'
        FROM generate_series(1, {ENDED}, 20) AS n""",
    f"""INSERT INTO engine_deaths (kind, sha256, deaths, job_ids, last_error, quarantined_at)
        SELECT 'transcribe', {_sha("n")}, 2, '{{}}', '{{}}', CASE WHEN n % 100 = 0 THEN now() END
        FROM generate_series({FILES + 1}, {FILES + 30_000}) AS n""",
    f"""INSERT INTO procrastinate_jobs (queue_name, task_name, priority, args)
        SELECT {_QUEUE} || '/' || {_KIND}, 'playhead.look', n % 3 * 10,
               jsonb_build_object('job_id', {id_sql("job", "n")})
        FROM generate_series({WAITING + 1}, {RUNNING}) AS n""",
    "INSERT INTO procrastinate_workers DEFAULT VALUES",
)
"""Statements."""
