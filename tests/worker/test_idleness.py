"""A worker that ends when it is idle loses no job by that, nor a ticket."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select, text, update

from playhead.ledger import queues
from playhead.models import Job, WorkerRow
from playhead.states import State
from worker import idleness
from worker.idleness import until_idle
from worker.main import run

if TYPE_CHECKING:
    from playhead.settings import WorkerSettings
    from tests.worker.conftest import House

SECONDS = 60
TICKETS = text("SELECT status FROM procrastinate_jobs WHERE args ->> 'job_id' = :id")


def ending(house: House, seconds: float | None = 0.1) -> WorkerSettings:
    """The settings of a worker that ends when idle."""
    return house.settings.worker.model_copy(update={"exit_when_idle_seconds": seconds})


async def idle(runner: Any) -> None:
    await asyncio.wait_for(until_idle(runner), SECONDS)


async def test_a_worker_does_what_there_is_and_ends_with_status_0(house: House) -> None:
    jobs = [await house.submit(b"recording %d" % number) for number in range(3)]
    settings = house.settings.model_copy(update={"worker": ending(house)})
    assert await asyncio.wait_for(run(settings), SECONDS) == 0
    for job_id in jobs:
        job = await house.job(job_id)
        assert (job.state, job.attempt) == (State.SUCCEEDED, 1)
    async with house.database.transaction() as session:
        (stopped_at,) = await session.scalars(select(WorkerRow.stopped_at))
    assert stopped_at is not None


async def test_a_job_that_came_in_the_last_moment_is_finished_first(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    came: list[Any] = []

    async def has_work(*_: Any) -> bool:
        """Nothing, says the ledger; but then something comes."""
        if not came:
            came.append(await house.submit())
            await house.until(came[0], lambda job: job.state == State.RUNNING)
        return False

    monkeypatch.setattr(idleness, "has_work", has_work)
    async with house.worker(worker=ending(house), **house.slow(0.1)) as runner:
        await idle(runner)
        job = await house.job(came[0])
    assert (job.state, job.attempt) == (State.SUCCEEDED, 1)


@pytest.mark.usefixtures("unhurried")
async def test_a_ticket_that_is_fetched_on_the_way_out_is_put_back(house: House) -> None:
    async with house.worker(worker=ending(house)) as runner:
        await idle(runner)
        job_id = await house.submit()
    job = await house.job(job_id)
    assert (job.state, job.attempt) == (State.QUEUED, 0)
    async with house.database.transaction() as session:
        assert list(await session.scalars(TICKETS, {"id": str(job_id)})) == ["todo"]


async def test_while_the_database_is_away_nobody_is_idle(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    async def has_work(*_: Any) -> bool:
        asked.append(True)
        if len(asked) < 3:
            raise ConnectionRefusedError
        return False

    monkeypatch.setattr(idleness, "has_work", has_work)
    async with house.worker(worker=ending(house)) as runner:
        await idle(runner)
    assert len(asked) == 3


async def test_work_is_what_could_run_now_and_is_for_this_worker(house: House) -> None:
    async def has_work(names: list[str], kinds: list[str]) -> bool:
        async with house.database.transaction() as session:
            return await queues.has_work(session, names, kinds)

    ours = (["gpu"], ["transcribe"])
    assert not await has_work(*ours)
    job_id = await house.submit()
    assert await has_work(*ours)
    assert not await has_work(["cpu"], ["transcribe"])
    assert not await has_work(["gpu"], ["notate"])
    async with house.database.transaction() as session:
        await queues.pause(session, "gpu")
    assert not await has_work(*ours)
    async with house.database.transaction() as session:
        await queues.resume(session, "gpu")
        await session.execute(update(Job).where(Job.id == job_id).values(expires_at=func.now()))
    assert not await has_work(*ours)
