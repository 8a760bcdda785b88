"""Schedules in real processes: an API that makes them, two workers that fire them and are killed in between."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from playhead.models import Job, Schedule, ScheduleRun
from playhead.states import State
from tests.acceptance.processes import api, worker

if TYPE_CHECKING:
    import httpx

    from tests.programs import Program
    from tests.worker.conftest import House

pytestmark = pytest.mark.heavy

TIMES = 20
KILLED_AFTER = (3, 7, 11, 15)
"""Runs, after which a worker is killed and another begins."""
SOON = timedelta(seconds=8)
"""Enough for two workers to begin; should it not be, the first times are missed, and made up for."""


async def make(client: httpx.AsyncClient, cron: str) -> UUID:
    file = (await client.post("/api/v1/files", files={"file": ("talk.wav", b"any recording")})).json()
    request = {"kind": "transcribe", "input": {"file": file["id"]}}
    answer = await client.post("/api/v1/schedules", json={"cron": cron, "request": request})
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["id"])


async def runs(house: House) -> list[ScheduleRun]:
    async with house.database.transaction() as session:
        return list(await session.scalars(select(ScheduleRun).order_by(ScheduleRun.id)))


async def until_there_are(house: House, count: int) -> list[ScheduleRun]:
    """Wait for so many runs: each makes a job, which is told of."""
    return await house.once(lambda: runs(house), lambda found: len(found) >= count, 120)


async def jobs_ended(house: House, found: list[ScheduleRun]) -> list[Job]:
    return [await house.ended(run.job_id) for run in found if run.job_id]


async def test_each_time_has_its_run_once_though_workers_are_killed_all_along(house: House) -> None:
    async with api(house) as client, AsyncExitStack() as stack:
        begin = datetime.now(UTC).replace(microsecond=0) + SOON
        due = [begin + timedelta(seconds=number) for number in range(TIMES)]
        made = {await make(client, f"{at:%S %M %H %d %m} *"): at for at in due}
        working = [await stack.enter_async_context(worker(house)) for _ in range(2)]
        for count in KILLED_AFTER:
            await until_there_are(house, count)
            await replace_one(house, working, stack)
        found = await until_there_are(house, TIMES)
        ended = await jobs_ended(house, found)
        listed = (await client.get("/api/v1/jobs", params={"limit": 100})).json()["items"]
    assert {run.schedule_id: run.due_at for run in found} == made
    assert len(found) == len({run.job_id for run in found}) == len(listed) == TIMES
    assert {job.state for job in ended} == {State.SUCCEEDED}


async def replace_one(house: House, working: list[Program], stack: AsyncExitStack) -> None:
    """Kill the worker that has been there for longer, and let another begin."""
    working.pop(0).process.kill()
    working.append(await stack.enter_async_context(worker(house)))


async def test_downtime_of_weeks_is_made_up_for_by_one_run(house: House) -> None:
    async with api(house) as client:
        each_minute, each_second = await make(client, "0 * * * * *"), await make(client, "* * * * * *")
        async with worker(house) as killed:
            await until_there_are(house, 1)
            killed.process.kill()
            await killed.ended()
        before = await runs(house)
        missed = await let_weeks_pass(house, each_minute)
        async with worker(house) as one, worker(house) as other:
            found = await until_there_are(house, len(before) + 3)
            assert [await back.told_to_stop() for back in (one, other)] == [0, 0]
    again = [run for run in found[len(before) :] if run.schedule_id == each_minute]
    assert [run.due_at for run in again if run.due_at and run.due_at < missed + timedelta(days=1)] == [missed]
    times = [run.due_at for run in found if run.schedule_id == each_second]
    assert len(times) == len(set(times)) > 1


async def let_weeks_pass(house: House, schedule_id: UUID) -> Any:
    """Let this one have been due three weeks ago."""
    long_ago = func.date_trunc("minute", func.now() - timedelta(weeks=3))
    late = update(Schedule).where(Schedule.id == schedule_id).values(next_at=long_ago)
    async with house.database.transaction() as session:
        return await session.scalar(late.returning(Schedule.next_at))


async def test_a_schedule_that_is_paused_while_it_fires_stops(house: House) -> None:
    async with api(house) as client, worker(house) as one:
        schedule_id = await make(client, "* * * * * *")
        await until_there_are(house, 2)
        paused = (await client.post(f"/api/v1/schedules/{schedule_id}/pause")).json()
        count = len(await runs(house))
        nightly = await make(client, "0 0 1 1 *")
        async with house.database.transaction() as session:
            await session.execute(update(Schedule).where(Schedule.id == nightly).values(next_at=func.now()))
        found = await until_there_are(house, count + 1)
        assert await one.told_to_stop() == 0
    assert paused["next_at"] is None
    assert [run.schedule_id for run in found[count:]] == [nightly]
