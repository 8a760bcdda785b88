"""The harness's own processes: who does not end when asked to is found out, and who was frozen meanwhile is not."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest_asyncio

from chaos.process import Life, Process
from chaos.stack import took_poison
from local.sweeper import Sweeper

PROGRAM = "import os, signal, time; signal.signal(signal.SIGTERM, {}); print('up', flush=True); time.sleep(600)"
DEAF, HEEDS = PROGRAM.format("signal.SIG_IGN"), PROGRAM.format("lambda *_: os._exit(0)")
PATIENCE_SECONDS = 30.0


@pytest_asyncio.fixture
async def begun(tmp_path: Path) -> AsyncIterator[Callable[[str, float], Process]]:
    sweeper = Sweeper(0.0)
    made: list[Process] = []

    def begin(code: str, term_seconds: float) -> Process:
        command = (sys.executable, "-c", code)
        made.append(Process("one", command, {}, tmp_path, sweeper, lambda _: False, term_seconds=term_seconds))
        made[-1].start()
        return made[-1]

    yield begin
    for process in made:
        process.signal(signal.SIGKILL)
        await process.stop()
    await asyncio.to_thread(sweeper.close)


async def up(process: Process) -> Life:
    """Its first life, once it has said a word."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not (process.life and process.life.log.stat().st_size):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.02)
    return process.life


async def test_a_process_that_does_not_heed_sigterm_is_stuck(begun: Callable[[str, float], Process]) -> None:
    process = begun(DEAF, 0.2)
    life = await up(process)
    await process.stop()
    assert (life.stuck, life.status) == (True, -signal.SIGKILL)


async def test_a_process_that_heeds_sigterm_is_not(begun: Callable[[str, float], Process]) -> None:
    process = begun(HEEDS, PATIENCE_SECONDS)
    life = await up(process)
    await process.stop()
    assert (life.stuck, life.status, len(process.lives)) == (False, 0, 1)


async def test_the_time_to_end_counts_from_the_last_signal(begun: Callable[[str, float], Process]) -> None:
    """A process that is frozen when it is asked to end can do so only once it goes on."""
    process = begun(HEEDS, PATIENCE_SECONDS)
    life = await up(process)
    process.signal(signal.SIGTERM)
    life.sent = [(at - PATIENCE_SECONDS, number) for at, number in life.sent]
    process.signal(signal.SIGCONT)
    await process.end(life)
    assert (life.stuck, life.status) == (False, 0)


async def test_a_process_that_is_about_to_begin_is_ended_too(begun: Callable[[str, float], Process]) -> None:
    process = begun(HEEDS, PATIENCE_SECONDS)
    await asyncio.sleep(0)  # It is being started, and has no life yet.
    assert process.life is None
    async with asyncio.timeout(PATIENCE_SECONDS):
        await process.stop()
    assert [bool(life.ended) for life in process.lives] == [True]


def test_poison_is_taken_once(tmp_path: Path) -> None:
    (tmp_path / "7").touch()
    assert [took_poison(tmp_path, 7), took_poison(tmp_path, 7), took_poison(tmp_path, 8)] == [True, False, False]
