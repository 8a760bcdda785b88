"""A job that kills its worker, each time, in worker processes of their own."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from playhead.models import EngineDeaths
from playhead.states import State
from tests.programs import ROOT, environment

if TYPE_CHECKING:
    from asyncio.subprocess import Process

    from tests.worker.conftest import House

PROGRAM = """
import os, signal
from worker.engines.stubs.transcriber import StubTranscriber

transcribe = StubTranscriber.transcribe

def deadly(self, recording, *args, **options):
    if recording.read_bytes() == b"deadly":
        os.kill(os.getpid(), signal.SIGKILL)
    return transcribe(self, recording, *args, **options)

StubTranscriber.transcribe = deadly

from cli.main import main
main()
"""
SETTINGS = {"ENGINES": "stub", "WORKER__HEARTBEAT_SECONDS": "0.5", "WORKER__LOST_AFTER_SECONDS": "2"}


async def start(house: House) -> Process:
    given = environment(**SETTINGS, DATABASE_URL=house.database.url, DATA_DIR=str(house.settings.data_dir))
    return await asyncio.create_subprocess_exec(sys.executable, "-c", PROGRAM, "worker", cwd=ROOT, env=given)


@pytest.mark.heavy
async def test_a_job_that_kills_its_worker_each_time_ends_in_the_dead_letter_and_the_others_go_on(house: House) -> None:
    killer = await house.submit(b"deadly", max_attempts=3)
    # They may be in the worker when it dies, and lose an attempt with it.
    others = [await house.submit(b"harmless", max_attempts=9)]
    for attempt in (1, 2, 3):
        process = await start(house)
        assert await asyncio.wait_for(process.wait(), 50) == -signal.SIGKILL
        assert (await house.job(killer)).attempt == attempt
        others.append(await house.submit(b"harmless", max_attempts=9))
    process = await start(house)
    try:
        job = await house.ended(killer)
        assert [(await house.ended(other)).state for other in others] == [State.SUCCEEDED] * 4
    finally:
        process.terminate()
        code = await asyncio.wait_for(process.wait(), 50)
    assert code == 0
    assert job.error is not None
    assert (job.state, job.error["code"], job.attempt) == (State.FAILED, "worker_lost", 3)
    async with house.database.transaction() as session:
        assert (await session.scalars(select(EngineDeaths))).all() == []
    await house.submit(b"deadly")  # A power cut looks the same: nothing is put down to the input.
