"""Hasten: jobs that somebody waits for by now, though nobody did when they were submitted."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.ledger.locks import among, lock
from playhead.models import Job
from playhead.states import TERMINAL
from playhead.tickets import issue


async def hasten(session: AsyncSession, batch_id: UUID, base: int) -> None:
    """Let the jobs of this batch that have not ended go ahead as with this ``base``; none is put back.

    Those that are queued get another ticket, of the new rank; whichever is looked at later is stale.
    """
    behind = select(Job.id).where(Job.parent_id == batch_id, Job.state.not_in(TERMINAL), Job.base_priority < base)
    found = await lock(session, behind)
    raised = {"priority": Job.priority - Job.base_priority + base, "base_priority": base}
    hastened = update(Job).where(among(Job.id, found)).values(**raised)
    await session.execute(hastened.execution_options(synchronize_session=False))
    await issue(session, found)
