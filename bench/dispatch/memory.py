"""(e) Memory, in MB: of an API that nobody asks, of a worker that has no model, and after thousands of jobs."""

from __future__ import annotations

import asyncio

import asyncpg
import psutil

from bench.dispatch.machine import Machine
from bench.dispatch.throughput import TO_DO, done, submit
from bench.figures import Row, Section

MB = 1_000_000
API_MB, WORKER_MB = 120, 150
WARM_UP, JOBS, AT_ONCE = 1000, 5000, 1000
FLAT_MB = 5.0
"""What the measurement itself varies by."""
SETTLE_SECONDS = 2.0
CONCURRENCY = 8


async def measure(machine: Machine, rounds: int) -> Section:  # noqa: ARG001 - memory is no matter of chance
    """Each process with all that it started."""
    async with machine.api() as (_, pid):
        await asyncio.sleep(SETTLE_SECONDS)
        api = _mb(pid)
    async with machine.worker(CONCURRENCY) as pid, machine.connection() as connection:
        await asyncio.sleep(SETTLE_SECONDS)
        worker = _mb(pid)
        await _jobs(machine, connection, WARM_UP)
        warm = _mb(pid)
        await _jobs(machine, connection, JOBS)
        after = _mb(pid)
    rows = [
        Row("API, idle", [f"{api:.0f}"], f"under {API_MB}", met=api < API_MB),
        Row("worker, before its first model", [f"{worker:.0f}"], f"under {WORKER_MB}", met=worker < WORKER_MB),
        Row(f"worker, after {WARM_UP:,} jobs", [f"{warm:.0f}"]),
        Row(f"worker, after {JOBS:,} more", [f"{after:.0f}"], "flat", met=after - warm < FLAT_MB),
    ]
    return Section("(e) Memory", ["process", "MB"], rows)


async def _jobs(machine: Machine, connection: asyncpg.Connection, count: int) -> None:
    for _ in range(count // AT_ONCE):
        await submit(machine.url, AT_ONCE)
        await done(connection, TO_DO)


def _mb(pid: int) -> float:
    """What it and its children keep for themselves, and their share of what they have together."""
    first = psutil.Process(pid)
    return sum(one.memory_full_info().pss for one in (first, *first.children(recursive=True))) / MB
