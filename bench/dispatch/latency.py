"""(c) From a POST to the beginning of the work: with nothing else there, and beside many other jobs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from statistics import quantiles
from uuid import UUID

import asyncpg

from bench.dispatch.client import Client
from bench.dispatch.crowd import CROWDS
from bench.dispatch.machine import Machine
from bench.dispatch.throughput import done
from bench.figures import Row, Section

JOBS = 100
"""Each time, and in each case."""
PLACES = 20
PAUSE_SECONDS = 0.03
"""Between two of them: the one before is over."""
IDLE_MS = 15.0
_BEGAN = "SELECT id, CAST(result ->> 'began' AS float8) AS began FROM jobs WHERE id = ANY($1)"
_OPEN = "SELECT EXISTS (SELECT FROM jobs WHERE id = ANY($1) AND finished_at IS NULL)"


async def measure(machine: Machine, rounds: int) -> Section:
    """One job at a time. What is beside them is added case by case, and stays."""
    rows = list[Row]()
    async with (
        machine.api() as (url, _),
        machine.worker(PLACES),
        machine.connection() as connection,
    ):
        await _latencies(url, connection)
        idle = _figures([each for _ in range(rounds) for each in await _latencies(url, connection)])
        rows.append(_row("nothing else there", idle, idle))
        for name, fill in CROWDS.items():
            await connection.execute(fill, timeout=600)
            await connection.execute("VACUUM ANALYZE", timeout=600)
            found = [each for _ in range(rounds) for each in await _latencies(url, connection)]
            rows.append(_row(f"and {name}", _figures(found), idle))
    return Section("(c) From POST to the work's begin, ms", ["beside", "p50", "p99", "p50 / idle", "p99 / idle"], rows)


async def _latencies(url: str, connection: asyncpg.Connection) -> list[float]:
    sent = dict[UUID, float]()
    async with Client(url) as client:
        for _ in range(JOBS):
            at = time.time()
            sent[await client.post()] = at
            await asyncio.sleep(PAUSE_SECONDS)
    await done(connection, _OPEN, list(sent))
    began: Mapping[UUID, float] = {row["id"]: row["began"] for row in await connection.fetch(_BEGAN, list(sent))}
    return [(began[job_id] - at) * 1000 for job_id, at in sent.items()]


def _figures(milliseconds: list[float]) -> tuple[float, float]:
    """Median and 99th percentile."""
    cuts = quantiles(milliseconds, n=100)
    return cuts[49], cuts[98]


def _row(name: str, found: tuple[float, float], idle: tuple[float, float]) -> Row:
    (p50, p99), (idle_p50, idle_p99) = found, idle
    figures = [f"{p50:.1f}", f"{p99:.1f}", f"{p50 / idle_p50:.2f}", f"{p99 / idle_p99:.2f}"]
    if found is idle:
        return Row(name, figures, f"p50 under {IDLE_MS:.0f} ms", met=p50 < IDLE_MS)
    return Row(name, figures, "at most twice", met=p50 <= 2 * idle_p50 and p99 <= 2 * idle_p99)
