"""The system's own periodic tasks: what the workers do by themselves, and when. They are Procrastinate's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

PREFIX = "playhead."
"""Of the names that Procrastinate knows them by."""
_SECOND, _5_SECONDS, _15_SECONDS = "* * * * * *", "*/5 * * * * *", "*/15 * * * * *"
_MINUTE, _HOUR = "* * * * *", "7 * * * *"


@dataclass(frozen=True)
class Task:
    """A task, as people read of it; ``cron`` is as :class:`playhead.schedules.cron.Cron` has it, in UTC."""

    cron: str
    summary: str


TASKS: Mapping[str, Task] = MappingProxyType(
    {
        "due": Task(_SECOND, "Queue jobs whose `run_at` or next attempt has come."),
        "schedules": Task(_SECOND, "Submit the work of schedules that are due."),
        "episodes": Task(_SECOND, "Submit the work on new episodes, and keep what it made."),
        "deliveries": Task(_SECOND, "Send word of episodes that are ready, and follow how that goes."),
        "digests": Task(_SECOND, "Issue digests whose time has come."),
        "stories": Task(_SECOND, "Write down entries of adventures whose jobs have ended."),
        "feeds": Task(_SECOND, "Ask feeds that are due for new episodes."),
        "expire": Task(_5_SECONDS, "End jobs that were not begun in time."),
        "frozen": Task(_5_SECONDS, "End transactions of processes that froze."),
        "rescue": Task(_SECOND, "Queue jobs again whose worker is lost, or whose attempt takes too long."),
        "share": Task(_SECOND, "Give jobs the result of those that did the same work, where that is left to do."),
        "reissue": Task(_5_SECONDS, "Replace tickets of workers that are lost."),
        "reissue_missing": Task(_15_SECONDS, "Replace tickets that are missing."),
        "files": Task(_MINUTE, "Forget uploads whose time is over."),
        "jobs": Task(_MINUTE, "Forget jobs that ended long ago."),
        "batches": Task(_MINUTE, "Forget batches that ended long ago."),
        "runs": Task(_MINUTE, "Forget runs of schedules from long ago."),
        "quarantine": Task(_HOUR, "Forget inputs that were in quarantine long enough."),
        "workers": Task(_HOUR, "Forget workers that are gone."),
        "orphans": Task(_HOUR, "Clear away bytes that nothing points at."),
    }
)

_LAST = text("SELECT task_name, max(defer_timestamp) AS at FROM procrastinate_periodic_defers GROUP BY task_name")


async def last_turns(session: AsyncSession) -> dict[str, datetime]:
    """When each of the tasks last had its turn, by name; a task that never had one is left out."""
    rows = await session.execute(_LAST)
    return {row.task_name.removeprefix(PREFIX): datetime.fromtimestamp(row.at, UTC) for row in rows}
