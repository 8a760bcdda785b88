"""Transactions of clients that stand still in the midst of a statement: ended, so that their locks are let go."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

AFTER_SECONDS = 10.0
_FROZEN = text(
    """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND usename = current_user AND application_name LIKE 'playhead%'
      AND state = 'active' AND wait_event_type = 'Client' AND wait_event = 'ClientRead'
      AND xact_start IS NOT NULL AND state_change < now() - make_interval(secs => :seconds)
    """
)


async def end_frozen(session: AsyncSession, after_seconds: float) -> int:
    """End the transactions that have waited for their client's next word for this long. Gives how many.

    A process that was stopped, or a machine that was paused, may hold the row of its own job, and then nobody can
    rescue it. ``idle_in_transaction_session_timeout`` ends only what is idle. asyncpg prepares a statement and runs it
    in two messages: between them the session counts as active, and PostgreSQL waits for the second for ever.
    """
    return await session.scalar(_FROZEN, {"seconds": after_seconds}) or 0
