"""The pulse: how steadily a process has reached the database. Who was cut off itself takes no worker for dead.

After an outage every worker looks silent until it has beaten again, and the first whose turn it is to rescue would take
the jobs of all others. So a process judges workers only while its own beats come on time, and not before the others had
time for theirs. The clock is the database's: a laptop's sleep, or a leap of that clock, makes all look silent too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from playhead.settings import WorkerSettings


@dataclass
class Pulse:
    """Of one process.

    Attributes:
        gap: between beats that are on time, and how long they must have been.
    """

    gap: timedelta
    _steady_since: datetime | None = None
    _last: datetime | None = None

    @classmethod
    def of(cls, settings: WorkerSettings) -> Pulse:
        """Others are not taken for dead after a gap that this process would not have noticed: they beat as often.

        Nor does a database that is slow for good keep it from judging: a beat is given up after a quarter of the time.
        """
        return cls(timedelta(seconds=max(0.6 * settings.lost_after_seconds, 1.5 * settings.heartbeat_seconds)))

    def beat(self, at: datetime) -> None:
        """A beat has reached the database."""
        if self._last is None or at - self._last > self.gap:
            self._steady_since = at
        self._last = at

    def is_steady(self, now: datetime) -> bool:
        """Whether this process may judge workers."""
        if self._last is None or self._steady_since is None:
            return False
        return now - self._last <= self.gap <= now - self._steady_since
