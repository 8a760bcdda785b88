"""Jobs have the result of another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.ledger.dependents import release
from playhead.ledger.history import record_states
from playhead.ledger.locks import among
from playhead.models import Dependency

_SERVE = text(
    """
    UPDATE jobs SET state = 'succeeded', progress = 1, stage = NULL, eta_seconds = NULL, error = NULL,
                    result = done.result, cached_from = done.id, saved_audio_seconds = done.audio_seconds,
                    finished_at = now(), follows = false, lease = NULL, worker_id = NULL,
                    attempt = jobs.attempt - CAST(jobs.state = 'running' AS int)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:done AS uuid[])) AS given(id, done_id)
    CROSS JOIN LATERAL (SELECT id, result, audio_seconds FROM jobs WHERE id = given.done_id OFFSET 0) AS done
    WHERE jobs.id = ANY(:ids) AND jobs.id = given.id
    """
)
_OUTPUTS = text(
    """
    INSERT INTO outputs (job_id, name, owner_id, sha256, size_bytes, media_type)
    SELECT given.id, made.name, made.owner_id, made.sha256, made.size_bytes, made.media_type
    FROM unnest(CAST(:ids AS uuid[]), CAST(:done AS uuid[])) AS given(id, done_id)
    CROSS JOIN LATERAL (SELECT * FROM outputs WHERE job_id = given.done_id OFFSET 0) AS made
    """
)


async def serve(session: AsyncSession, answers: Mapping[UUID, UUID]) -> None:
    """Let each of these jobs succeed as the one beside it did, with outputs of its own that name the same bytes.

    All of them are of one owner and are held by the caller, and so are those that wait for them; what they are served
    from has succeeded and is held against deletion: so its bytes stay until they have rows here.
    """
    if not answers:
        return
    pairs: dict[str, Any] = {"ids": list(answers), "done": list(answers.values())}
    await session.execute(_SERVE, pairs)
    await session.execute(_OUTPUTS, pairs)
    await record_states(session, list(answers))
    needed = select(Dependency.needs_id).where(among(Dependency.needs_id, list(answers))).distinct()
    for job_id in (await session.scalars(needed.order_by(Dependency.needs_id))).all():
        await release(session, job_id)
