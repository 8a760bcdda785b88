"""How late the harness itself is: all that the processes say to PostgreSQL goes through its event loop."""

from __future__ import annotations

import asyncio
import time

TURN_SECONDS = 0.1
LATE_SECONDS = 1.0
"""A heartbeat's time: a harness that comes later than that can make workers look dead."""


class Lag:
    """How late the turns of the event loop came.

    Attributes:
        worst_seconds: the most of all.
        late: POSIX times from when to when the loop did not turn, for ``LATE_SECONDS`` or more.
    """

    def __init__(self) -> None:
        self.worst_seconds = 0.0
        self.late: list[tuple[float, float]] = []

    async def measure(self) -> None:
        """Measure until canceled."""
        while True:
            began = time.monotonic()
            await asyncio.sleep(TURN_SECONDS)
            self.note(time.monotonic() - began - TURN_SECONDS)

    def note(self, seconds: float) -> None:
        """A turn that just ended came so late."""
        self.worst_seconds = max(self.worst_seconds, seconds)
        if seconds >= LATE_SECONDS:
            self.late.append((time.time() - seconds, time.time()))

    def was_late(self, since: float, until: float) -> bool:
        """Whether it was late between these POSIX times."""
        return any(began <= until and ended >= since for began, ended in self.late)
