"""(g) What waiting costs: processor time while nothing is to be done, in percent of a core."""

from __future__ import annotations

import asyncio
import time
from statistics import median
from typing import Any

import asyncpg
import psutil

from bench.dispatch.machine import Machine
from bench.figures import Row, Section

SETTLE_SECONDS = 3.0
WATCHED_SECONDS = 15.0
CONCURRENCY = 8
Cost = tuple[float, float]
"""Of the process itself, and of its backends; in percent of a core."""

_BACKENDS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


async def measure(machine: Machine, rounds: int) -> Section:
    """Each process, and the backends that PostgreSQL has for it; they take turns."""
    found: dict[str, list[Cost]] = {"API": [], "worker": [], "stock Procrastinate's worker": []}
    for _ in range(rounds):
        async with machine.api() as (_url, pid), machine.connection() as connection:
            found["API"].append(await _waiting(pid, connection))
        async with machine.worker(CONCURRENCY) as pid, machine.connection() as connection:
            found["worker"].append(await _waiting(pid, connection))
        async with machine.stock_worker(CONCURRENCY) as pid, machine.connection(machine.stock_url) as connection:
            found["stock Procrastinate's worker"].append(await _waiting(pid, connection))
    rows = [_row(name, costs) for name, costs in found.items()]
    return Section("(g) Waiting, in percent of a core", ["process", "itself", "PostgreSQL for it"], rows)


def _row(name: str, found: list[Cost]) -> Row:
    return Row(name, [f"{median(one):.1f}" for one in zip(*found, strict=True)])


async def _waiting(pid: int, connection: asyncpg.Connection[Any]) -> Cost:
    await asyncio.sleep(SETTLE_SECONDS)
    before, began = await _spent(pid, connection), time.monotonic()
    await asyncio.sleep(WATCHED_SECONDS)
    after, seconds = await _spent(pid, connection), time.monotonic() - began
    share = {one: 100 * (after[one] - before[one]) / seconds for one in before.keys() & after.keys()}
    return share.pop(pid), sum(share.values())


async def _spent(pid: int, connection: asyncpg.Connection[Any]) -> dict[int, float]:
    """Seconds of the process and of each backend, by process id."""
    backends = [row["pid"] for row in await connection.fetch(_BACKENDS)]
    return {one: _seconds(one) for one in (pid, *backends) if psutil.pid_exists(one)}


def _seconds(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)
