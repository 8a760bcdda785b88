"""How late the harness itself is: all that the processes say to PostgreSQL goes through its event loop."""

from __future__ import annotations

import asyncio
import time

TURN_SECONDS = 0.1


class Lag:
    """Attributes: ``worst_seconds``, the longest that a turn of the loop came late."""

    def __init__(self) -> None:
        self.worst_seconds = 0.0

    async def measure(self) -> None:
        """Measure until canceled."""
        while True:
            began = time.monotonic()
            await asyncio.sleep(TURN_SECONDS)
            self.worst_seconds = max(self.worst_seconds, time.monotonic() - began - TURN_SECONDS)
