"""A worker that is killed while it has several jobs in one lot: nothing is lost, and nothing is done twice."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from playhead.states import State
from tests.acceptance.processes import PLAIN, begun, worker
from tests.activity import until_left
from tests.nothing import kind_file

if TYPE_CHECKING:
    from pathlib import Path

    from tests.worker.conftest import House

pytestmark = pytest.mark.heavy

KILL = """
import os, signal
from worker.{module} import {owner}

write = {owner}.{place}

async def deadly(self, *args):
    answer = await write(self, *args)
    if {several}:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer

{owner}.{place} = deadly
"""
MOMENTS = {
    "fetched": ("fetching", "Fetching", "_fetch", "len(args[2].tickets) > 1 and 'cpu' in args[0]", State.QUEUED),
    "claimed": ("claiming", "Claiming", "_claim_free", "len(args[0]) > 1", State.RUNNING),
    "ended": ("settling", "Settling", "_succeed_free", "len(args[0]) > 1", State.SUCCEEDED),
}
"""By what was just written of a lot of several, and the state in which that leaves them."""


@pytest.mark.parametrize("moment", MOMENTS)
async def test_all_of_a_lot_go_on_and_each_is_done_once(house: House, tmp_path: Path, moment: str) -> None:
    (tmp_path / "nothing.py").write_text(kind_file("nothing"))
    kinds = {"KINDS_DIR": str(tmp_path)}
    jobs = [await house.submit(kind="nothing", queue="cpu", params={}, max_attempts=2) for _ in range(20)]
    module, owner, place, several, state = MOMENTS[moment]
    code = KILL.format(module=module, owner=owner, place=place, several=several) + PLAIN
    async with begun(house, "--concurrency", "cpu=8", code=code, **kinds) as victim:
        assert await victim.ended() == -signal.SIGKILL
    await until_left(house.database, "playhead-worker", "playhead-tickets")
    left = {job_id: (await house.job(job_id)).state for job_id in jobs}
    assert list(left.values()).count(state) > 1
    async with worker(house, "--concurrency", "cpu=8", code=PLAIN, **kinds) as other:
        found = [await house.ended(job_id) for job_id in jobs]
        assert await other.told_to_stop() == 0
    assert {job.state for job in found} == {State.SUCCEEDED}
    # Only what was under way cost an attempt.
    assert {job.id: job.attempt for job in found} == {job_id: 1 + (left[job_id] == State.RUNNING) for job_id in jobs}
    for job in found:
        told = [state["state"] for state in await house.events(job.id, "state")]
        assert told == ["queued", *["running", "queued"] * (job.attempt - 1), "running", "succeeded"]
