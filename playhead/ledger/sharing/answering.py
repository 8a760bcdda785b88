"""At submit: what has been done already is answered at once."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.ledger.sharing.serving import serve

# Held against deletion, and not waited for: a job that is just being deleted is no answer.
_DONE = text(
    """
    SELECT mine.id, done.id AS done_id
    FROM unnest(CAST(:ids AS uuid[]), CAST(:keys AS bytea[])) AS asked(id, key)
    JOIN jobs AS mine ON mine.id = asked.id AND mine.waits_for = 0 AND coalesce(mine.run_at <= now(), true)
    JOIN flights ON flights.key = asked.key
    JOIN jobs AS done ON done.id = flights.job_id AND done.state = 'succeeded'
    ORDER BY mine.id
    FOR KEY SHARE OF done SKIP LOCKED
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
