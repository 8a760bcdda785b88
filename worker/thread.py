"""A coroutine in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from typing import Any


class Thread:
    """Runs ``work`` on an event loop of its own, in a thread of its own, from now on.

    Attributes:
        ended: done, on the loop that made this, when the work is; with its error, if it had one.
    """

    def __init__(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        self._maker = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = self._maker.create_future()
        self._loop = asyncio.new_event_loop()
        self._task = self._loop.create_task(work, name=name)
        threading.Thread(target=self._run, name=name, daemon=True).start()

    async def stop(self, *, within_seconds: float) -> None:
        """Cancel the work and wait for its end, but not for longer than this."""
        with contextlib.suppress(RuntimeError):  # It has ended.
            self._loop.call_soon_threadsafe(self._task.cancel)
        await asyncio.wait([self.ended], timeout=within_seconds)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            error = runner.run(self._outcome())
        with contextlib.suppress(RuntimeError):  # Nobody waits for it any more.
            self._maker.call_soon_threadsafe(self._tell, error)

    async def _outcome(self) -> BaseException | None:
        await asyncio.wait([self._task])
        return None if self._task.cancelled() else self._task.exception()

    def _tell(self, error: BaseException | None) -> None:
        if error is None:
            self.ended.set_result(None)
        else:
            self.ended.set_exception(error)
