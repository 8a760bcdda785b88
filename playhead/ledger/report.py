"""Report: what a run says while it works. All of it fenced."""

from __future__ import annotations

import math
from typing import Any

from pydantic_core import to_json
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.errors import LeaseLostError
from playhead.ledger import history
from playhead.ledger.run import Run, change, held
from playhead.models import Checkpoint, Event, Job


async def hold(session: AsyncSession, run: Run) -> None:
    """Lock the job's row for the rest of the transaction.

    Raises:
        LeaseLostError: another has the job, or it ended.
    """
    found = await session.execute(select(Job.id).where(held(run)).with_for_update())
    if found.one_or_none() is None:
        raise lost(run)


async def report_progress(
    session: AsyncSession, run: Run, fraction: float, stage: str | None, eta_seconds: float | None
) -> None:
    """Write how far the run is, 0 to 1. What is no number is not known: it leaves the progress as it was."""
    known = {} if math.isnan(fraction) else {"progress": min(max(fraction, 0.0), 1.0)}
    left = eta_seconds if eta_seconds is not None and math.isfinite(eta_seconds) else None
    values = known | {"stage": stage, "eta_seconds": left}
    written = await session.execute(change(run).values(**values).returning(Job.id))
    if written.one_or_none() is None:
        raise lost(run)
    await history.tell(session, run.job_id)


async def report_events(session: AsyncSession, run: Run, event: str, items: list[dict[str, Any]]) -> None:
    """Append events to the history, in their order."""
    await hold(session, run)
    await history.record_events(session, run, event, to_json(items).decode())


async def count_events(session: AsyncSession, run: Run) -> int:
    """How many events this run has told so far."""
    await hold(session, run)  # A write of this run that is still being committed holds the row until then.
    told = select(func.count()).where(Event.job_id == run.job_id, Event.lease == run.lease, Event.type != "state")
    return await session.scalar(told) or 0


async def save_checkpoint(session: AsyncSession, run: Run, state: dict[str, Any]) -> None:
    """Keep the state that a later attempt goes on from, in place of the one before."""
    await hold(session, run)
    values = {"owner_id": run.owner_id, "lease": run.lease, "state": state, "saved_at": func.now()}
    kept = insert(Checkpoint).values(job_id=run.job_id, **values)
    await session.execute(kept.on_conflict_do_update(index_elements=[Checkpoint.job_id], set_=values))


async def load_checkpoint(session: AsyncSession, run: Run) -> dict[str, Any] | None:
    """The last state kept by any attempt of the job."""
    return await session.scalar(select(Checkpoint.state).where(Checkpoint.job_id == run.job_id))


def lost(run: Run) -> LeaseLostError:
    """The error of a run whose job is no longer its own."""
    return LeaseLostError(f"run {run.lease} no longer holds job {run.job_id}")
