"""An engine that is killed and does not die: its worker ends, as nothing can free the device but a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playhead.states import State
from tests.acceptance.processes import SOON
from tests.programs import program
from worker.stall import EXIT_STALLED

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from tests.programs import Program
    from tests.worker.conftest import House

CODE = """
import asyncio
import worker.main
from playhead.errors import EngineCrashedError
from worker.engines.stubs import StubEngines
from worker.engines.stubs.transcriber import StubTranscriber

undead = asyncio.Event()

async def transcribe(self, recording, *args, **options):
    undead.set()
    raise EngineCrashedError("The engine was killed and does not die.")
    yield

async def lost(self):
    await undead.wait()

async def close(self):
    await asyncio.Event().wait()

StubTranscriber.transcribe, StubEngines.lost, StubEngines.close = transcribe, lost, close
worker.main.PARTING_SECONDS = 0.5

from cli.main import main
main()
"""


def worker(house: House) -> AbstractAsyncContextManager[Program]:
    given = {"DATABASE_URL": house.database.url, "DATA_DIR": str(house.settings.data_dir), "ENGINES": "stub"}
    # What is to be tried again waits: the dying worker's housekeeping would else queue it at once, now and then.
    return program(CODE, "worker", RETRY__BASE_SECONDS="3600", **given | SOON)


async def test_a_worker_whose_engine_does_not_die_ends_itself_and_the_job_pays_for_it(house: House) -> None:
    job_id = await house.submit(max_attempts=3)
    async with worker(house) as lost:
        await lost.says("worker_lost_engine", exit_status=EXIT_STALLED)
        assert await lost.ended() == EXIT_STALLED
    job = await house.job(job_id)
    assert job.error is not None
    assert (job.state, job.attempt, job.error["code"]) == (State.WAITING, 1, "engine_crashed")


async def test_a_worker_that_is_told_to_stop_waits_for_no_engine_for_ever(house: House) -> None:
    async with worker(house) as told:
        await told.says("worker_ready")
        assert await told.told_to_stop() == 0
        await told.says("engines_left_behind")
