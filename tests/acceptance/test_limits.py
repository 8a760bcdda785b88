"""An attempt that takes longer than its ``timeout_seconds`` ends, whatever its work and its worker do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from playhead.states import State
from tests.acceptance.processes import CODE, submit_trial, worker

if TYPE_CHECKING:
    from tests.worker.conftest import House

pytestmark = pytest.mark.heavy

GRACE = {"WORKER__GRACE_SECONDS": "2", "WORKER__LOST_AFTER_SECONDS": "15", "RETRY__BASE_SECONDS": "0.1"}
LIMIT = {"timeout_seconds": 5, "max_attempts": 20}
"""More attempts than one: on a busy machine one that does no deed may take too long as well."""
ALONE = f"""
from playhead.ledger import sweep

async def none_is_overdue(*_):
    return 0

sweep.rescue_overdue = none_is_overdue
{CODE}
"""
"""The housekeeping of every worker ends such runs as well, a moment after their own worker has."""


@pytest.mark.parametrize("deed", ["wait", "thread", "deaf"])
async def test_work_that_hangs_is_ended_by_its_worker_which_goes_on(house: House, tmp_path: Path, deed: str) -> None:
    job_id = await submit_trial(house, LIMIT, once=tmp_path / "once", deed=deed)
    async with worker(house, code=ALONE, WORKER__CONCURRENCY='{"cpu": 1}', **GRACE) as one:
        left = await one.says("job_left", job_id=str(job_id), attempt=1)
        assert (left["outcome"], left["code"]) == ("to_retry", "timed_out")
        job = await house.ended(job_id)
        assert job.state == State.SUCCEEDED
        assert await one.told_to_stop() == 0
        assert one.complaints == []


async def test_a_run_whose_worker_cannot_end_it_goes_on_elsewhere_though_its_heart_beats(
    house: House, tmp_path: Path
) -> None:
    """Its event loop is blocked, so no timer strikes there; the heart has a thread of its own, and beats on."""
    job_id = await submit_trial(house, LIMIT, once=tmp_path / "once", deed="block")
    async with worker(house, WORKER__STALL_SECONDS="3600", **GRACE) as blocked:
        await blocked.says("job_claimed", job_id=str(job_id))
        async with worker(house, **GRACE) as other:
            claimed = await other.says("job_claimed", job_id=str(job_id))
            assert blocked.code is None
            job = await house.ended(job_id)
            assert await other.told_to_stop() == 0
    assert claimed["attempt"] == 2
    assert job.state == State.SUCCEEDED
    told = [state["error"] for state in await house.events(job_id, "state") if "error" in state]
    assert told[0]["code"] == "timed_out"
    assert "its worker did not end it" in told[0]["message"]
