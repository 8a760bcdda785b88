"""What whoever keeps an engine sees to beside its requests: work that nobody may break off, and idleness."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine


class Chores:
    """Work in tasks of its own: whoever waits for it can be canceled, and it goes on."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Have it done; to wait for it, shield the task."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def done(self) -> None:
        """Wait until all that was begun is done, well or not."""
        if self._tasks:
            await asyncio.wait(self._tasks)


class IdleClock:
    """Says when an engine was idle for so many seconds."""

    def __init__(self, seconds: float, on_idle: Callable[[], object]) -> None:
        self._seconds = seconds
        self._on_idle = on_idle
        self._timer: asyncio.TimerHandle | None = None

    def wind(self) -> None:
        """The engine is idle from now on."""
        self.stop()
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._on_idle)

    def stop(self) -> None:
        """It is needed, or closed."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
