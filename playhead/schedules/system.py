"""The system's own periodic tasks: what the workers do by themselves, and when. They are Procrastinate's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from types import MappingProxyType

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


class Beat(Enum):
    """When tasks have their turn, as :class:`playhead.schedules.cron.Cron` has it, in UTC.

    All that have theirs at the same time share a ticket: one each for nine tasks a second cost more than the tasks.
    """

    SECOND = "* * * * * *"
    FIVE_SECONDS = "*/5 * * * * *"
    QUARTER_MINUTE = "*/15 * * * * *"
    MINUTE = "* * * * *"
    HOUR = "7 * * * *"

    @property
    def task_name(self) -> str:
        """As Procrastinate knows it."""
        return f"playhead.{self.name.lower()}"


@dataclass(frozen=True)
class Task:
    """A task, as people read of it."""

    beat: Beat
    summary: str


TASKS: Mapping[str, Task] = MappingProxyType(
    {
        "due": Task(Beat.SECOND, "Queue jobs whose `run_at` or next attempt has come."),
        "schedules": Task(Beat.SECOND, "Submit the work of schedules that are due."),
        "episodes": Task(Beat.SECOND, "Submit the work on new episodes, and keep what it made."),
        "deliveries": Task(Beat.SECOND, "Send word of episodes that are ready, and follow how that goes."),
        "digests": Task(Beat.SECOND, "Issue digests whose time has come."),
        "stories": Task(Beat.SECOND, "Write down entries of adventures whose jobs have ended."),
        "feeds": Task(Beat.SECOND, "Ask feeds that are due for new episodes."),
        "expire": Task(Beat.FIVE_SECONDS, "End jobs that were not begun in time."),
        "frozen": Task(Beat.FIVE_SECONDS, "End transactions of processes that froze."),
        "rescue": Task(Beat.SECOND, "Queue jobs again whose worker is lost, or whose attempt takes too long."),
        "share": Task(Beat.SECOND, "Give jobs the result of those that did the same work, where that is left to do."),
        "reissue": Task(Beat.FIVE_SECONDS, "Replace tickets of workers that are lost."),
        "reissue_missing": Task(Beat.QUARTER_MINUTE, "Replace tickets that are missing."),
        "files": Task(Beat.MINUTE, "Forget uploads whose time is over."),
        "jobs": Task(Beat.MINUTE, "Forget jobs that ended long ago."),
        "batches": Task(Beat.MINUTE, "Forget batches that ended long ago."),
        "runs": Task(Beat.MINUTE, "Forget runs of schedules from long ago."),
        "quarantine": Task(Beat.HOUR, "Forget inputs that were in quarantine long enough."),
        "workers": Task(Beat.HOUR, "Forget workers that are gone."),
        "orphans": Task(Beat.HOUR, "Clear away bytes that nothing points at."),
    }
)

_LAST = text("""
    SELECT task_name, max(defer_timestamp) AS at FROM procrastinate_periodic_defers
    WHERE task_name = ANY (:beats) GROUP BY task_name
""")


async def last_turns(session: AsyncSession) -> dict[Beat, datetime]:
    """When each beat last was; one that never was is left out."""
    rows = await session.execute(_LAST, {"beats": [beat.task_name for beat in Beat]})
    by_name = {beat.task_name: beat for beat in Beat}
    return {by_name[row.task_name]: datetime.fromtimestamp(row.at, UTC) for row in rows}
