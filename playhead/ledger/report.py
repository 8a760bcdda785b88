"""Report: what a run says while it works. All of it fenced."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import to_json
from sqlalchemy import func, select, text

from playhead.database import Executor, plainly
from playhead.errors import LeaseLostError
from playhead.ledger.history import CHANNEL
from playhead.ledger.run import Run, held
from playhead.models import Checkpoint, Event, Job

# Whoever reports several times a second, of sixteen runs at once, pays for each statement.
_REPORT = text(
    f"""
    WITH held AS (
        UPDATE jobs SET
            progress = coalesce(CAST(:fraction AS float8), progress),
            stage = CASE WHEN CAST(:tells AS boolean) THEN CAST(:stage AS text) ELSE stage END,
            eta_seconds = CASE WHEN CAST(:tells AS boolean) THEN CAST(:eta_seconds AS float8) ELSE eta_seconds END
        WHERE id = :job_id AND lease = :lease AND state = 'running' RETURNING id, owner_id, attempt, lease),
    told AS (
        INSERT INTO job_events (job_id, owner_id, type, attempt, lease, data)
        SELECT id, owner_id, item ->> 0, attempt, lease, item -> 1
        FROM held CROSS JOIN jsonb_array_elements(CAST(:events AS jsonb)) WITH ORDINALITY AS list(item, place)
        ORDER BY place),
    kept AS (
        INSERT INTO checkpoints (job_id, owner_id, lease, state, saved_at)
        SELECT id, owner_id, lease, CAST(:checkpoint AS jsonb), now() FROM held
        WHERE CAST(:checkpoint AS jsonb) IS NOT NULL
        ON CONFLICT (job_id) DO UPDATE
        SET owner_id = excluded.owner_id, lease = excluded.lease, state = excluded.state, saved_at = excluded.saved_at)
    SELECT CAST(pg_notify('{CHANNEL}', CAST(id AS text)) AS text) FROM held
    """  # noqa: S608 - the channel is a constant
)


@dataclass
class Said:
    """What a run says at once.

    Attributes:
        progress: how far it is, 0 to 1, what it does, and the seconds left. A share that is no number leaves the
            progress as it was.
        events: for the history, in their order: of each name, one or several.
        checkpoint: what a later attempt goes on from, in place of the one before.
    """

    progress: tuple[float, str | None, float | None] | None = None
    events: list[tuple[str, list[dict[str, Any]]]] = field(default_factory=list)
    checkpoint: dict[str, Any] | None = None

    def __bool__(self) -> bool:
        return bool(self.progress or self.events or self.checkpoint is not None)


async def report(session: Executor, run: Run, said: Said) -> None:
    """Write all of it, in one statement.

    Raises:
        LeaseLostError: another has the job, or it ended.
    """
    fraction, stage, eta_seconds = said.progress or (math.nan, None, None)
    values = {
        "job_id": run.job_id,
        "lease": run.lease,
        "tells": said.progress is not None,
        "fraction": None if math.isnan(fraction) else min(max(fraction, 0.0), 1.0),
        "stage": stage,
        "eta_seconds": eta_seconds if eta_seconds is not None and math.isfinite(eta_seconds) else None,
        "events": to_json([(name, item) for name, items in said.events for item in items]).decode(),
        "checkpoint": None if said.checkpoint is None else to_json(said.checkpoint).decode(),
    }
    if (await plainly(session, _REPORT, values)).one_or_none() is None:
        raise lost(run)


async def hold(session: Executor, run: Run) -> None:
    """Lock the job's row for the rest of the transaction.

    Raises:
        LeaseLostError: another has the job, or it ended.
    """
    found = await session.execute(select(Job.id).where(held(run)).with_for_update())
    if found.one_or_none() is None:
        raise lost(run)


async def count_events(session: Executor, run: Run) -> int:
    """How many events this run has told so far."""
    await hold(session, run)  # A write of this run that is still being committed holds the row until then.
    told = select(func.count()).where(Event.job_id == run.job_id, Event.lease == run.lease, Event.type != "state")
    return await session.scalar(told) or 0


async def load_checkpoint(session: Executor, run: Run) -> dict[str, Any] | None:
    """The last state kept by any attempt of the job."""
    return await session.scalar(select(Checkpoint.state).where(Checkpoint.job_id == run.job_id))


def lost(run: Run) -> LeaseLostError:
    """The error of a run whose job is no longer its own."""
    return LeaseLostError(f"run {run.lease} no longer holds job {run.job_id}")
