"""(d) Jobs that do nothing, a second: through the full ledger, and by the stock worker of plain Procrastinate."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from statistics import median
from typing import Any

import asyncpg

from bench.dispatch import nothing, stock
from bench.dispatch.machine import Machine
from bench.figures import Row, Section
from playhead.database import Database
from playhead.ledger.submit import Submission, submit_all
from playhead.models import ADMIN_OWNER

JOBS = 2000
CONCURRENCY = 20
WARM_UP = 100
PAUSE_SECONDS = 0.02
TO_DO = "SELECT EXISTS (SELECT FROM jobs WHERE state = 'queued') OR EXISTS (SELECT FROM jobs WHERE state = 'running')"
STOCK_TO_DO = "SELECT EXISTS (SELECT FROM procrastinate_jobs WHERE status IN ('todo', 'doing'))"

LEAST = 2.0


async def measure(machine: Machine, rounds: int) -> Section:
    """Rounds of both, one after the other; each worker is alone on the machine."""
    ours, stocks = list[float](), list[float]()
    for _ in range(rounds):
        stocks.append(await _rate(machine.stock_worker(CONCURRENCY), machine, defer, machine.stock_url, STOCK_TO_DO))
        ours.append(await _rate(machine.worker(CONCURRENCY), machine, submit, machine.url, TO_DO))
    ratio = median(one / other for one, other in zip(ours, stocks, strict=True))
    figures = [f"{median(ours):.0f}", f"{median(stocks):.0f}", f"{ratio:.2f}"]
    row = Row(f"jobs a second at concurrency {CONCURRENCY}", figures, "at least 2, aim 5", met=ratio >= LEAST)
    return Section("(d) No-op jobs, end to end", ["", "Playhead", "stock Procrastinate", "ratio"], [row])


async def _rate(
    worker: AbstractAsyncContextManager[int],
    machine: Machine,
    ask: Callable[[str, int], Awaitable[None]],
    url: str,
    to_do: str,
) -> float:
    async with worker, machine.connection(url) as connection:
        await ask(url, WARM_UP)
        await done(connection, to_do)
        await ask(url, JOBS)
        began = time.perf_counter()
        await done(connection, to_do)
        return JOBS / (time.perf_counter() - began)


async def done(connection: asyncpg.Connection, to_do: str, *values: object) -> None:
    """Wait until this query, with these values, says that nothing is left to do."""
    while await connection.fetchval(to_do, *values):  # noqa: ASYNC110 - to listen would cost the server more
        await asyncio.sleep(PAUSE_SECONDS)


async def submit(url: str, jobs: int) -> None:
    """Ask Playhead for so many jobs, in one transaction."""
    database = Database(url, pool_size=1)
    try:
        async with database.transaction() as session:
            await submit_all(session, [submission(number) for number in range(jobs)])
    finally:
        await database.close()


async def defer(url: str, jobs: int) -> None:
    """Defer so many jobs of the plain application, in one transaction."""
    async with stock.make_app(url).open_async() as app:
        arguments: list[dict[str, Any]] = [{"number": number} for number in range(jobs)]
        await app.tasks["nothing"].batch_defer_async(*arguments)


def submission(number: int) -> Submission:
    """A job that does nothing."""
    return Submission(
        owner_id=ADMIN_OWNER,
        kind=nothing.NAME,
        queue=nothing.QUEUE,
        params={"number": number},
        input={"text": "nothing"},
        max_attempts=3,
    )
