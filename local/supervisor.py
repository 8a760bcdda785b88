"""Keeps parts running for as long as one process lives, and not a moment longer."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, Self

from local.part import Part, Runner
from local.sweeper import Sweeper


class Supervisor:
    """``async with Supervisor(parts) as supervisor: await supervisor.run_until(stop)``.

    A part that dies is started again at once; only one that keeps dying young waits a little, never for ever. Leaving
    ends the parts in the reverse of their order, one after the other. Should this process be killed, they end too.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        self._runners: list[Runner] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._attendants: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._sweeper = Sweeper(max((part.grace_seconds for part in self._parts), default=0.0))
        self._runners = [Runner(part, self._sweeper) for part in self._parts]
        self._tasks = [asyncio.create_task(runner.keep(), name=runner.part.name) for runner in self._runners]
        return self

    async def __aexit__(self, *_: object) -> None:
        for attendant in self._attendants:
            attendant.cancel()
        try:
            await asyncio.gather(*self._attendants, return_exceptions=True)
            for runner, task in reversed(list(zip(self._runners, self._tasks, strict=True))):
                runner.stop()
                await task
        finally:
            await asyncio.to_thread(self._sweeper.close)

    @property
    def sweeper_pid(self) -> int:
        """The process that ends the parts should this one be killed."""
        return self._sweeper.pid

    def attend(self, work: Coroutine[Any, Any, None]) -> None:
        """Do ``work`` beside the parts; it is canceled before they are ended."""
        self._attendants.append(asyncio.create_task(work))

    async def run_until(self, stop: asyncio.Event) -> None:
        """Return when ``stop`` is set. A defect in the supervision itself is raised, not left to be found."""
        waiter = asyncio.create_task(stop.wait())
        try:
            done, _ = await asyncio.wait({waiter, *self._tasks, *self._attendants}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            waiter.cancel()

    def renew(self) -> None:
        """Have every part start anew, with what its environment says now."""
        for runner in self._runners:
            runner.renew()

    def kill(self) -> None:
        """End every part now, without grace."""
        for runner in self._runners:
            runner.kill()
