"""A worker process whose event loop hangs ends itself; a job that did it is rescued, and says so."""

from __future__ import annotations

from pathlib import Path

from playhead.states import State
from tests.acceptance.processes import submit_trial, worker
from tests.worker.conftest import House
from worker.stall import EXIT_STALLED


async def test_a_worker_that_hangs_says_where_and_its_job_goes_on_elsewhere(house: House, tmp_path: Path) -> None:
    job_id = await submit_trial(house, once=tmp_path / "once", deed="block")
    async with worker(house, WORKER__STALL_SECONDS="2", WORKER__LOST_AFTER_SECONDS="20") as hung:
        said = await hung.says("worker_stalled", jobs=[str(job_id)], exit_status=EXIT_STALLED)
        assert await hung.ended() == EXIT_STALLED
    (main,) = [frames for name, frames in said["stacks"].items() if name.startswith("MainThread ")]
    assert main[-1].endswith(" _block")
    job = await house.job(job_id)
    assert job.error is not None
    assert (job.state, job.attempt, job.error["code"]) == (State.QUEUED, 1, "worker_lost")
    assert job.error["message"].startswith("the worker did not answer for 2 s during this attempt")
    async with worker(house) as fresh:
        job = await house.ended(job_id)
        assert await fresh.told_to_stop() == 0
    assert (job.state, job.attempt) == (State.SUCCEEDED, 2)
