"""The caller: makes the calls that it gets hold of, each in a task of its own, and writes down how they ended."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import structlog

from playhead.database import Database, is_away
from playhead.identity import new_id
from playhead.settings import WakeSettings
from playhead.waking import calls
from playhead.waking.calls import Call
from playhead.waking.errors import HookError
from playhead.waking.hook import Hook

PARTING_SECONDS = 5.0
"""For calls under way when the process ends. One that is given up is made again by another, once it must be over."""
log = structlog.get_logger(__name__)


@dataclass
class Caller:
    """One process's calls, one at a time for each queue."""

    database: Database
    hook: Hook
    settings: WakeSettings
    _calling: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    def begin(self, queue: str) -> None:
        """Make the call of this queue, if it can be had; the end is not waited for."""
        if queue not in self._calling:
            task = asyncio.create_task(self._call(queue), name=f"wake {queue}")
            self._calling[queue] = task
            task.add_done_callback(lambda _: self._calling.pop(queue))

    async def close(self) -> None:
        """Wait a moment for calls to end, then give them up."""
        if under_way := list(self._calling.values()):
            _, late = await asyncio.wait(under_way, timeout=PARTING_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.wait(under_way)

    async def _call(self, queue: str) -> None:
        try:
            if call := await self._take(queue):
                await self._make(call)
        except Exception as error:
            log.warning("wake_not_written", queue=queue, error=repr(error), exc_info=not is_away(error))

    async def _take(self, queue: str) -> Call | None:
        async with self.database.transaction() as session:
            return await calls.take(session, queue, new_id(), self.settings.timeout_seconds)

    async def _make(self, call: Call) -> None:
        error = await self._failure(call)
        if error is None:
            log.info("wake_hook_called", queue=call.queue, waiting=call.waiting)
        else:
            log.warning("wake_hook_failed", queue=call.queue, waiting=call.waiting, error=error)
        async with self.database.transaction() as session:
            if error is None:
                await calls.keep(session, call)
            else:
                await calls.roll_back(session, call, error, self.settings.retry_seconds)

    async def _failure(self, call: Call) -> str | None:
        """Call the hook; why it failed, or None."""
        seconds = self.settings.timeout_seconds
        try:
            async with asyncio.timeout(seconds):
                await self.hook(call)
        except TimeoutError:
            return f"no end within {seconds:g} s"
        except HookError as error:
            return str(error)
        except Exception:
            log.exception("wake_hook_broke", queue=call.queue)
            return "the hook broke: the API's log says how"
        return None
