"""Jobs whose storage is away, slow or wrong: each attempt that meets it is transient, and holds nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from playhead.ledger import operate
from playhead.models import ADMIN_OWNER
from playhead.states import State
from playhead.storage import Storage, bucket, faults, opening
from tests.faulty_s3 import Does, answers, cuts_answer, garbles, goes_silent, loses_answer
from worker import settling

if TYPE_CHECKING:
    from playhead.models import Job
    from tests.faulty_s3 import FaultyS3
    from tests.worker.conftest import House

SLOW_DOWN = answers(503, "SlowDown")
TRANSCRIPT = 5  # outputs
INPUT, OUTPUTS, SETTLING = ("GetObject",), ("PutObject", "CopyObject"), ("HeadObject",)


@pytest_asyncio.fixture(loop_scope="session")
async def far(
    house: House,
    s3_url: str,
    s3_proxy: FaultyS3,  # noqa: ARG001 - it sets the endpoint
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[House]:
    """A house whose storage is a bucket, which nothing is asked of twice."""
    monkeypatch.setitem(opening.RETRY, "max_retries", 0)
    monkeypatch.setattr(faults, "RETRY_AFTER_SECONDS", 0.1)
    monkeypatch.setattr(settling, "STORAGE_SECONDS", 0.0)
    house.settings.storage_url = s3_url
    house.storage = Storage.from_url(s3_url)
    await house.storage._mark()
    yield house


def told(job: Job) -> str | None:
    return str(job.error["code"]) if job.error else None


@pytest.mark.parametrize(
    ("does", "operations"),
    [
        (SLOW_DOWN, INPUT),
        pytest.param(garbles, INPUT, marks=pytest.mark.heavy),
        pytest.param(cuts_answer(5), INPUT, marks=pytest.mark.heavy),
        pytest.param(SLOW_DOWN, OUTPUTS, marks=pytest.mark.heavy),
        (loses_answer, OUTPUTS),
        pytest.param(answers(403, "AccessDenied"), OUTPUTS, marks=pytest.mark.heavy),
        (SLOW_DOWN, SETTLING),
    ],
)
async def test_a_job_that_meets_a_fault_backs_off_and_succeeds_once_it_is_over(
    far: House, s3_proxy: FaultyS3, does: Does, operations: tuple[str, ...]
) -> None:
    far.settings.retry.base_seconds = 0.2
    job_id = await far.submit(b"any recording", max_attempts=100)
    s3_proxy.breaks(does, *operations)
    async with far.worker():
        waiting = await far.until(job_id, lambda job: job.state == State.WAITING and job.attempt >= 2)
        assert told(waiting) == "storage_unavailable"
        assert await far.outputs(job_id) == {}
        await s3_proxy.heal()
        job = await far.ended(job_id)
    assert (job.state, told(job)) == (State.SUCCEEDED, None)
    assert job.attempt > 2
    assert len(await far.outputs(job_id)) == TRANSCRIPT


@pytest.mark.parametrize(
    "operations",
    [pytest.param(INPUT, marks=pytest.mark.heavy), pytest.param(OUTPUTS, marks=pytest.mark.heavy), SETTLING],
)
async def test_a_job_whose_storage_never_comes_back_is_a_dead_letter(
    far: House, s3_proxy: FaultyS3, operations: tuple[str, ...]
) -> None:
    job_id = await far.submit(b"any recording")
    s3_proxy.breaks(SLOW_DOWN, *operations)
    async with far.worker():
        job = await far.ended(job_id)
    assert (job.state, told(job), job.attempt) == (State.FAILED, "storage_unavailable", 3)


async def test_work_that_is_done_waits_for_a_storage_that_cannot_say_so(
    far: House, s3_proxy: FaultyS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "STORAGE_SECONDS", 60.0)
    job_id = await far.submit(b"any recording", max_attempts=1)
    fault = s3_proxy.breaks(SLOW_DOWN, *SETTLING, times=TRANSCRIPT + 1)
    async with far.worker():
        job = await far.ended(job_id)
    assert (job.state, job.attempt, fault.done) == (State.SUCCEEDED, 1, TRANSCRIPT + 1)


@pytest.mark.parametrize("does", [SLOW_DOWN, loses_answer])
async def test_what_passes_in_a_moment_costs_no_attempt(
    far: House, s3_proxy: FaultyS3, does: Does, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(opening.RETRY, "max_retries", 3)
    monkeypatch.setitem(opening.RETRY, "backoff", {"init_backoff": timedelta(milliseconds=5)})
    job_id = await far.submit(b"any recording")
    fault = s3_proxy.breaks(does, times=3)
    async with far.worker():
        job = await far.ended(job_id)
    assert (job.state, job.attempt, fault.done) == (State.SUCCEEDED, 1, 3)


@pytest.mark.parametrize("operations", [INPUT, ("CopyObject",)])
async def test_a_cancel_is_not_held_up_by_a_silent_store(
    far: House, s3_proxy: FaultyS3, operations: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "QUICK_SILENCE", "10min")
    monkeypatch.setattr(bucket, "COPY_SECONDS", 600.0)
    job_id = await far.submit(b"any recording")
    s3_proxy.breaks(goes_silent, *operations)
    async with far.worker() as runner:
        await asyncio.wait_for(s3_proxy.silent.wait(), 30)
        s3_proxy.breaks(goes_silent)  # now for all, clearing up included
        (look,) = runner._looks
        async with far.database.transaction() as session:
            await operate.cancel(session, ADMIN_OWNER, job_id)
        await asyncio.wait([look], timeout=60)
        assert look.done()  # Two seconds on a machine of one's own; the store is silent for minutes.
        assert (await far.job(job_id)).state == State.CANCELED


@pytest.mark.parametrize("operations", [INPUT, ("CopyObject",)])
async def test_a_worker_that_is_told_to_stop_gives_back_what_waits_for_a_silent_store(
    far: House, s3_proxy: FaultyS3, operations: tuple[str, ...]
) -> None:
    far.settings.worker.grace_seconds = 10
    job_id = await far.submit(b"any recording")
    s3_proxy.breaks(goes_silent, *operations)
    async with far.worker():
        await asyncio.wait_for(s3_proxy.silent.wait(), 30)
        s3_proxy.breaks(goes_silent)
    job = await far.job(job_id)
    assert (job.state, job.attempt) == (State.QUEUED, 0)
