"""At submit: what has been done already is answered at once."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.ledger.sharing.serving import serve

# Held against deletion, and not waited for: a job that is just being deleted is no answer. Asked for each, not joined:
# as in playhead.ledger.locks.
_DONE = text(
    """
    SELECT asked.id, done.id AS done_id
    FROM unnest(CAST(:ids AS uuid[]), CAST(:keys AS bytea[])) AS asked(id, key)
    CROSS JOIN LATERAL (
        SELECT id FROM jobs
        WHERE id = (SELECT job_id FROM flights WHERE flights.key = asked.key) AND state = 'succeeded'
        FOR KEY SHARE SKIP LOCKED) AS done
    WHERE EXISTS (
        SELECT FROM jobs WHERE id = asked.id AND waits_for = 0 AND coalesce(run_at <= now(), true) OFFSET 0)
    """
)


async def answer(session: AsyncSession, keys: Mapping[UUID, bytes]) -> set[UUID]:
    """Let those of these new jobs succeed whose work has been done: by their keys. Gives their ids.

    Those that are to wait, for a time or for other jobs, are asked about when their time has come: by their runs.
    """
    if not keys:
        return set()
    rows = await session.execute(_DONE, {"ids": list(keys), "keys": list(keys.values())})
    answers = {row.id: row.done_id for row in rows}
    await serve(session, answers)
    return set(answers)
