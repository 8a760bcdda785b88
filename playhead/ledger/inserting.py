"""The rows of new jobs and of what they wait for, thousands in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.database import plainly

# In the order of the keys: two that bring the same ones wait for each other at the first of them, not for ever.
# One parameter, not one for each column of each row: PostgreSQL takes 32,767 at most, and plans each number of them.
_INSERT = text(
    """
    INSERT INTO jobs (id, owner_id, kind, queue, state, priority, base_priority, params, input, metadata,
                      input_sha256, idempotency_key, request_digest, trace_id, max_attempts, timeout_seconds,
                      waits_for, parent_id, run_at, expires_at, shares, cache_key)
    SELECT id, owner_id, kind, queue, 'waiting', priority, base_priority, params, input, metadata,
           input_sha256, idempotency_key, decode(request_digest, 'hex'), trace_id, max_attempts, timeout_seconds,
           waits_for, parent_id, run_at, now() + expires_in_seconds * interval '1 second', shares,
           decode(cache_key, 'hex')
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS new(
        id uuid, owner_id uuid, kind text, queue text, priority smallint, base_priority smallint, params jsonb,
        input jsonb, metadata jsonb, input_sha256 text, idempotency_key text, request_digest text, trace_id text,
        max_attempts int, timeout_seconds float8, waits_for int, parent_id uuid, run_at timestamptz,
        expires_in_seconds float8, shares boolean, cache_key text)
    ORDER BY idempotency_key, id
    ON CONFLICT (owner_id, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
    RETURNING id
    """
)

_INSERT_NEEDS = text(
    "INSERT INTO job_dependencies (job_id, needs_id) "
    "SELECT * FROM unnest(CAST(:jobs AS uuid[]), CAST(:needs AS uuid[]))"
)


async def insert_jobs(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> set[UUID]:
    """Insert these rows, all ``waiting``, but those whose idempotency key is there already. Gives the ids of the new.

    A row has the columns of the statement; ``request_digest`` and ``cache_key`` are hexadecimal, ``expires_in_seconds``
    counts from now.
    """
    return set((await plainly(session, _INSERT, {"rows": to_json(rows).decode()})).scalars())


async def insert_needs(session: AsyncSession, needs: Sequence[tuple[UUID, UUID]]) -> None:
    """Let jobs wait for others: pairs of a job and one that must succeed first. A graph may have 200,000 of them."""
    if needs:
        jobs, needed = zip(*needs, strict=True)
        await session.execute(_INSERT_NEEDS, {"jobs": jobs, "needs": needed})
