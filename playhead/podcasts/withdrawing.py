"""Withdrawing what was to be sent, and is not any more."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from playhead.errors import NotFoundError, StateConflictError
from playhead.ledger import operate


async def send_no_more(session: AsyncSession, sent: Iterable[tuple[UUID, UUID | None]]) -> None:
    """End the jobs that were to send deliveries: each its owner's; None where there is none yet."""
    for job_id, owner_id in sorted((job_id, owner_id) for owner_id, job_id in sent if job_id):
        with contextlib.suppress(NotFoundError, StateConflictError):  # It has ended, or was deleted.
            await operate.cancel(session, owner_id, job_id)
