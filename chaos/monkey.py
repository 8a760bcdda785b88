"""The monkey: does what the plan says, when it says it."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import cast

from chaos.plan import Fault
from chaos.process import Life
from chaos.proxy import Direction, Proxy
from chaos.stack import Stack

SECOND_TERM_SECONDS = 0.3


@dataclass
class Done:
    """A fault that happened.

    Attributes:
        began, ended: POSIX times.
        life: of the process that it hit, if it hit one.
    """

    fault: Fault
    began: float
    ended: float = 0.0
    life: Life | None = None


class Monkey:
    """Pulls plugs."""

    def __init__(self, stack: Stack, poison: Callable[[int], None], seed: int, tell: Callable[[str], None]) -> None:
        """Args: ``poison`` submits a job that kills its worker; ``tell`` hears of each fault."""
        self.done: list[Done] = []
        self.failed: list[str] = []
        """Faults that the harness itself could not bring about."""
        self._stack = stack
        self._submit_poison = poison
        self._tell = tell
        self._seed = seed

    async def run(self, plan: Sequence[Fault]) -> None:
        """Carry out the plan; returns when the last fault is over."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for fault in plan:
                await asyncio.sleep(max(0.0, began + fault.at_seconds - time.monotonic()))
                self._tell(f"{time.monotonic() - began:8.2f} s  {fault.name} {fault.target} {fault.detail}".rstrip())
                group.create_task(self._do(fault))

    async def _do(self, fault: Fault) -> None:
        done = Done(fault, time.time())
        self.done.append(done)
        try:
            await getattr(self, f"_{fault.name}")(fault, done)
        except Exception as error:  # noqa: BLE001 - the other faults are to come, and the verdict on them
            self.failed.append(f"{fault.name} {fault.target} at {fault.at_seconds} s: {error!r}")
            self._tell(self.failed[-1])
        done.ended = time.time()

    async def _kill(self, fault: Fault, done: Done) -> None:
        done.life = self._signal(fault, signal.SIGKILL)

    async def _stop(self, fault: Fault, done: Done) -> None:
        done.life = self._signal(fault, signal.SIGSTOP)
        await asyncio.sleep(fault.seconds)
        if done.life:
            self._stack.processes[fault.target].signal(signal.SIGCONT, done.life)

    async def _term(self, fault: Fault, done: Done) -> None:
        done.life = self._signal(fault, signal.SIGTERM)
        await self._ended(fault, done.life)

    async def _term_twice(self, fault: Fault, done: Done) -> None:
        done.life = self._signal(fault, signal.SIGTERM)
        await asyncio.sleep(SECOND_TERM_SECONDS)
        if done.life:
            self._stack.processes[fault.target].signal(signal.SIGTERM, done.life)
        await self._ended(fault, done.life)

    async def _restart(self, fault: Fault, _: Done) -> None:
        await self._stack.server.restart(fault.detail, fault.seconds)

    async def _backends(self, fault: Fault, _: Done) -> None:
        await self._stack.server.terminate_backends(fault.target, fault.share, self._random(fault))

    async def _exhaust(self, fault: Fault, _: Done) -> None:
        await self._stack.server.exhaust(fault.seconds, fault.share, self._random(fault))

    async def _lock(self, fault: Fault, _: Done) -> None:
        await self._stack.server.lock(fault.seconds)

    async def _silence(self, fault: Fault, done: Done) -> None:
        direction, _, then = fault.detail.partition(", then ")
        for proxy in self._proxies(fault):
            proxy.silence(cast("Direction", direction))
        done.life = self._life(fault)
        await asyncio.sleep(fault.seconds)
        for proxy in self._proxies(fault):
            proxy.heal(cut=then == "cut")

    async def _cut(self, fault: Fault, done: Done) -> None:
        done.life = self._life(fault)
        for proxy in self._proxies(fault):
            proxy.refusing = True
            proxy.cut()
        await asyncio.sleep(fault.seconds)
        for proxy in self._proxies(fault):
            proxy.refusing = False

    async def _poison(self, fault: Fault, _: Done) -> None:
        self._submit_poison(round(fault.at_seconds * 100))

    def _signal(self, fault: Fault, number: signal.Signals) -> Life | None:
        return self._stack.processes[fault.target].signal(number)

    def _life(self, fault: Fault) -> Life | None:
        process = self._stack.processes.get(fault.target)
        return process.life if process else None

    def _proxies(self, fault: Fault) -> list[Proxy]:
        return list(self._stack.proxies.values()) if fault.target == "all" else [self._stack.proxies[fault.target]]

    def _random(self, fault: Fault) -> Random:
        return Random(f"{self._seed} {fault.at_seconds}")

    async def _ended(self, fault: Fault, life: Life | None) -> None:
        if life:
            await self._stack.processes[fault.target].end(life)
