"""Schedules are the workers' to fire."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import procrastinate
from sqlalchemy import func, select, update

from playhead.asking.requests import Requests, RequestTypes
from playhead.models import ADMIN_OWNER, Schedule, ScheduleRun
from playhead.registry import kinds
from playhead.schedules import keeping
from playhead.schedules.cron import Cron
from playhead.schedules.system import TASKS, Beat, last_turns
from playhead.states import State
from tests.worker.test_housekeeping import keeper

if TYPE_CHECKING:
    from uuid import UUID

    from tests.worker.conftest import House


async def scheduled(house: House) -> UUID:
    """A schedule whose time was in the night, when no worker was there."""
    request = {"kind": "transcribe", "input": {"file": str(await house.upload(b"any recording"))}}
    wanted = Schedule(owner_id=ADMIN_OWNER, cron="0 0 1 1 *", timezone="UTC", request=request)
    requests = Requests(RequestTypes.of(kinds()), house.settings)
    async with house.database.transaction() as session:
        made = await keeping.create(session, requests, wanted, datetime.now(UTC))
        await session.execute(update(Schedule).values(next_at=func.now()))
        return made.id


async def runs(house: House, schedule_id: UUID) -> list[ScheduleRun]:
    async with house.database.transaction() as session:
        return list(await session.scalars(select(ScheduleRun).where(ScheduleRun.schedule_id == schedule_id)))


async def test_what_was_due_while_no_worker_was_there_is_done_by_the_first(house: House) -> None:
    schedule_id = await scheduled(house)
    async with house.worker(), house.worker():
        [run] = await house.once(lambda: runs(house, schedule_id), bool)
        assert run.job_id is not None
        assert (await house.ended(run.job_id)).state == State.SUCCEEDED
        async with house.database.transaction() as session:
            assert TASKS["schedules"].beat in await last_turns(session)
    assert len(await runs(house, schedule_id)) == 1


async def test_the_list_of_the_systems_own_tasks_is_that_of_the_workers(house: House) -> None:
    app: procrastinate.App = keeper(house)
    registered = {task.task.name: task.cron for task in app.periodic_registry.periodic_tasks.values()}
    assert registered.keys() == {beat.task_name for beat in Beat}
    assert registered["playhead.quarter_minute"] == "* * * * * */15"
    for beat in Beat:
        Cron(beat.value)
