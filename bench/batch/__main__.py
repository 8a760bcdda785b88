"""``python -m bench.batch --jobs 10000``: a batch against as many single jobs, through one running service."""

from __future__ import annotations

import asyncio
import time
import zipfile
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.table import Table

from bench.service import service, transcription

SAMPLE = 1000
"""Single jobs that the batch is compared with: enough to tell, and ten thousand of them take minutes."""
BATCHES, JOBS = "/api/v1/batches", "/api/v1/jobs"

console = Console()


def main(jobs: Annotated[int, typer.Option(min=1, max=10_000, help="Children of the batch.")] = 10_000) -> None:
    """Submit, finish, count and download a batch of stub jobs; and single jobs beside it, for the ratio."""
    asyncio.run(compare(jobs))


async def compare(jobs: int) -> None:
    """Bring the service up, measure, print."""
    async with service() as http:
        body = await transcription(http)
        single = await _single(http, body)
        batch = await _batch(http, body, jobs)
        console.print(_table(single, batch, jobs), width=100)


async def _single(http: httpx.AsyncClient, body: dict[str, Any]) -> dict[str, float]:
    """Seconds a job."""
    began = time.perf_counter()
    ids = [(await http.post(JOBS, json=body)).raise_for_status().json()["id"] for _ in range(SAMPLE)]
    submitted = time.perf_counter()
    while not (await http.get(f"{JOBS}/{ids[-1]}", params={"wait": 60})).raise_for_status().json()["finished_at"]:
        pass
    ended = time.perf_counter()
    return {"submit": (submitted - began) / SAMPLE, "whole": (ended - began) / SAMPLE}


async def _batch(http: httpx.AsyncClient, body: dict[str, Any], jobs: int) -> dict[str, float]:
    """Seconds a job, and of looking at the batch and downloading what it made."""
    began = time.perf_counter()
    asked = {"kind": body["kind"], "inputs": [body["input"]] * jobs}
    path = (await http.post(BATCHES, json=asked)).raise_for_status().headers["Location"]
    submitted = time.perf_counter()
    looked = await _look(http, path)
    while (found := (await http.get(path, params={"wait": 60})).raise_for_status().json())["state"] != "succeeded":
        console.print(f"{found['progress']:.0%} {found['counts']}")
    ended = time.perf_counter()
    assert found["counts"] == {"succeeded": jobs}, found
    archive = (await http.get(f"{path}/outputs.zip")).raise_for_status().content
    downloaded = time.perf_counter()
    assert await asyncio.to_thread(_entries, archive) == 5 * jobs
    return {
        "submit": (submitted - began) / jobs,
        "whole": (ended - began) / jobs,
        "look": looked,
        "download": downloaded - ended,
    }


async def _look(http: httpx.AsyncClient, path: str) -> float:
    began = time.perf_counter()
    (await http.get(path)).raise_for_status()
    return time.perf_counter() - began


def _entries(archive: bytes) -> int:
    from io import BytesIO

    return len(zipfile.ZipFile(BytesIO(archive)).namelist())


def _table(single: dict[str, float], batch: dict[str, float], jobs: int) -> Table:
    table = Table(title=f"A batch of {jobs} stub jobs, against {SAMPLE} single ones of one client")
    for heading in ("", "single", "batch", "ratio"):
        table.add_column(heading, justify="left" if not heading else "right")
    for row, told in (("submit", "accepted"), ("whole", "submitted to finished")):
        each, ours = single[row], batch[row]
        table.add_row(f"{told}, ms a job", f"{each * 1000:.2f}", f"{ours * 1000:.2f}", f"{ours / each:.3f}")
    table.add_row("the whole batch accepted, s", "", f"{batch['submit'] * jobs:.1f}", "")
    table.add_row("look at it while it runs, ms", "", f"{batch['look'] * 1000:.0f}", "")
    table.add_row(f"download {5 * jobs} outputs as zip, s", "", f"{batch['download']:.1f}", "")
    return table


if __name__ == "__main__":
    typer.run(main)
