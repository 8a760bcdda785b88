"""(g) What waiting costs: processor time while nothing is to be done, in percent of a core."""

from __future__ import annotations

import asyncio
import time
from contextlib import AbstractAsyncContextManager, suppress
from statistics import median
from typing import Any

import asyncpg
import psutil

from bench.dispatch.machine import Machine
from bench.figures import Row, Section

SETTLE_SECONDS = 3.0
WATCHED_SECONDS = 15.0
CONCURRENCY = 8

_BACKENDS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


async def measure(machine: Machine, rounds: int) -> Section:
    """Each process, and the backends that PostgreSQL has for it."""
    api = [await _waiting(machine, machine.url, machine.api()) for _ in range(rounds)]
    worker = [await _waiting(machine, machine.url, machine.worker(CONCURRENCY)) for _ in range(rounds)]
    stock = [await _waiting(machine, machine.stock_url, machine.stock_worker(CONCURRENCY)) for _ in range(rounds)]
    rows = [_row("API", api), _row("worker", worker), _row("stock Procrastinate's worker", stock)]
    return Section("(g) Waiting, in percent of a core", ["process", "itself", "PostgreSQL for it"], rows)


def _row(name: str, found: list[tuple[float, float]]) -> Row:
    return Row(name, [f"{median(one):.1f}" for one in zip(*found, strict=True)])


async def _waiting(machine: Machine, url: str, running: AbstractAsyncContextManager[Any]) -> tuple[float, float]:
    async with running as its, machine.connection(url) as connection:
        pid = its if isinstance(its, int) else its[1]
        await asyncio.sleep(SETTLE_SECONDS)
        before, began = await _spent(pid, connection), time.monotonic()
        await asyncio.sleep(WATCHED_SECONDS)
        after, seconds = await _spent(pid, connection), time.monotonic() - began
    return 100 * (after[0] - before[0]) / seconds, 100 * (after[1] - before[1]) / seconds


async def _spent(pid: int, connection: asyncpg.Connection[Any]) -> tuple[float, float]:
    """Seconds of the process, and of the backends there are."""
    backends = [row["pid"] for row in await connection.fetch(_BACKENDS)]
    return _seconds(pid), sum(map(_seconds, backends))


def _seconds(pid: int) -> float:
    with suppress(psutil.NoSuchProcess):
        times = psutil.Process(pid).cpu_times()
        return float(times.user + times.system)
    return 0.0
