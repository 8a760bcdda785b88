"""``python -m bench.schedules --schedules 1000``: schedules that are due in the same second, in one running service."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.table import Table

from bench.service import service, transcription

SCHEDULES = "/api/v1/schedules"
AT_ONCE = 8
"""Requests under way at the same time, but for those that make schedules: their order is that of their making."""
SECONDS_EACH = 0.05
"""More than it takes to make one: they are due when all are there."""
PAUSE_SECONDS = 0.02

console = Console()


def main(schedules: Annotated[int, typer.Option(min=1, help="How many are due at once.")] = 1000) -> None:
    """Let schedules come due in the same second, and look at what their histories say."""
    asyncio.run(measure(schedules))


async def measure(schedules: int) -> None:
    """Bring the service up, make them, wait for their time, print."""
    async with service() as http:
        due = (datetime.now(UTC) + timedelta(seconds=10 + schedules * SECONDS_EACH)).replace(microsecond=0)
        ids = await _make(http, schedules, due)
        console.print(f"{schedules} schedules, due at {due:%H:%M:%S}")
        await asyncio.sleep((due - datetime.now(UTC)).total_seconds())
        await _run_of(http, ids[-1])
        all_there = datetime.now(UTC)
        runs = await _each(http, ids)
        console.print(_table(due, all_there, runs), width=100)


async def _make(http: httpx.AsyncClient, schedules: int, due: datetime) -> list[str]:
    body = {"cron": f"{due:%S %M %H %d %m} *", "request": await transcription(http)}
    ids = [(await http.post(SCHEDULES, json=body)).raise_for_status().json()["id"] for _ in range(schedules)]
    assert datetime.now(UTC) < due, "making them took longer than it should: they are due already"
    return ids


async def _run_of(http: httpx.AsyncClient, schedule_id: str) -> dict[str, Any]:
    """The schedule's only run, once it is there."""
    while True:
        answer = await http.get(f"{SCHEDULES}/{schedule_id}/runs")
        if found := answer.raise_for_status().json()["items"]:
            (run,) = found
            return dict(run)
        await asyncio.sleep(PAUSE_SECONDS)


async def _each(http: httpx.AsyncClient, ids: list[str]) -> list[dict[str, Any]]:
    places = asyncio.Semaphore(AT_ONCE)

    async def one(schedule_id: str) -> dict[str, Any]:
        async with places:
            return await _run_of(http, schedule_id)

    return await asyncio.gather(*map(one, ids))


def _table(due: datetime, all_there: datetime, runs: list[dict[str, Any]]) -> Table:
    begun = sorted((datetime.fromisoformat(run["at"]) - due).total_seconds() for run in runs)
    in_order = all(earlier["job_id"] < later["job_id"] for earlier, later in pairwise(runs))
    table = Table(title=f"{len(runs)} schedules that are due in the same second", show_header=False)
    table.add_row("the first is asked for, s after its time", f"{begun[0]:.2f}")
    table.add_row("half of them", f"{begun[len(begun) // 2]:.2f}")
    table.add_row("the last, and its job is there", f"{(all_there - due).total_seconds():.2f}")
    table.add_row("runs that made no job", str(sum(run["job_id"] is None for run in runs)))
    table.add_row("jobs in the order of their schedules", "yes" if in_order else "no")
    return table


if __name__ == "__main__":
    typer.run(main)
