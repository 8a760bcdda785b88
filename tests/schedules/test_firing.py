from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from playhead.errors import InvalidError
from playhead.identity import new_id
from playhead.models import ADMIN_OWNER, Batch, Schedule
from playhead.schedules import asking
from playhead.schedules.firing import AT_ONCE, JOBS_AT_ONCE, fire_due
from playhead.states import State
from tests.schedules.conftest import REQUEST, utc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.schedules.conftest import Desk

BERLIN = "Europe/Berlin"


async def due(desk: Desk, schedule: Schedule) -> list[str]:
    return [run.due_at.strftime("%m-%d %H:%M") for run in await desk.runs(schedule) if run.due_at]


async def test_nothing_happens_before_the_time(desk: Desk) -> None:
    schedule = await desk.schedule("0 2 * * *")
    assert schedule.next_at == utc("2026-11-29 02:00")
    assert await desk.fire("2026-11-29 01:59:59") == 0
    assert await desk.jobs() == []


async def test_at_its_time_the_work_is_asked_for_once(desk: Desk) -> None:
    schedule = await desk.schedule("0 2 * * *")
    assert await desk.fire("2026-11-29 02:00:00") == 1
    assert await desk.fire("2026-11-29 02:00:01") == 0
    [job], [run] = await desk.jobs(), await desk.runs()
    assert (job.state, job.kind, run.job_id, run.error) == (State.QUEUED, "transcribe", job.id, None)
    assert run.due_at == utc("2026-11-29 02:00")
    assert (await desk.again(schedule)).next_at == utc("2026-11-30 02:00")


async def test_a_batch_may_be_asked_for(desk: Desk) -> None:
    await desk.schedule("0 2 * * *", request={"kind": "transcribe", "inputs": 2 * [REQUEST["input"]]})
    assert await desk.fire("2026-11-29 02:00") == 1
    [run] = await desk.runs()
    async with desk.database.transaction() as session:
        assert await session.scalar(select(Batch.total).where(Batch.id == run.batch_id)) == 2


async def test_what_was_missed_is_made_up_for_once(desk: Desk) -> None:
    schedule = await desk.schedule("* * * * *")
    assert await desk.fire("2026-12-01 09:30:30") == 1
    assert await due(desk, schedule) == ["11-28 22:01"]
    assert (await desk.again(schedule)).next_at == utc("2026-12-01 09:31")
    assert await desk.fire("2026-12-01 09:31") == 1


@pytest.mark.parametrize(
    ("start", "days", "told"),
    [
        ("2026-03-27 12:00", 4, ["03-28 01:30", "03-29 01:30", "03-30 00:30", "03-31 00:30"]),
        ("2026-10-23 12:00", 4, ["10-24 00:30", "10-25 00:30", "10-26 01:30", "10-27 01:30"]),
        ("2028-02-27 12:00", 3, ["02-28 01:30", "02-29 01:30", "03-01 01:30"]),
    ],
    ids=["forward", "back", "a leap day"],
)
async def test_a_change_of_the_clocks_neither_skips_nor_doubles_a_run(
    start: str, days: int, told: list[str], desk: Desk
) -> None:
    desk.now = utc(start)
    schedule = await desk.schedule("30 2 * * *", BERLIN)
    for _ in range(days * 24 * 4):
        await desk.fire(desk.now + timedelta(minutes=15))
    assert await due(desk, schedule) == told
    assert len(await desk.jobs()) == days


async def test_a_thousand_that_are_due_at_once_are_asked_for_in_their_order(desk: Desk) -> None:
    async with desk.database.transaction() as session:
        for number in range(1000):
            request = {**REQUEST, "metadata": {"number": str(number)}}
            about: dict[str, Any] = {"owner_id": ADMIN_OWNER, "cron": "0 2 * * *", "timezone": "UTC"}
            session.add(Schedule(id=new_id(), request=request, next_at=utc("2026-11-29 02:00"), **about))
    assert await desk.fire("2026-11-29 02:00") == 1000
    assert [job.labels["number"] for job in await desk.jobs()] == [str(number) for number in range(1000)]


async def test_large_batches_are_asked_for_one_by_one(desk: Desk) -> None:
    """Together they would take longer than a transaction may, this time and each time after."""
    batch = {"kind": "transcribe", "inputs": JOBS_AT_ONCE * [REQUEST["input"]]}
    for request in (REQUEST, batch, batch, REQUEST, REQUEST):
        await desk.schedule("0 2 * * *", request=request)
    desk.now = utc("2026-11-29 02:00")
    assert [await desk.fire_some() for _ in range(5)] == [1, 1, 1, 2, 0]


async def test_those_that_were_due_earlier_come_first(desk: Desk) -> None:
    for minute in (3, 1, 2):
        await desk.schedule(f"{minute} 23 * * *", request={**REQUEST, "metadata": {"minute": str(minute)}})
    await desk.fire("2026-11-29 00:00")
    assert [job.labels["minute"] for job in await desk.jobs()] == ["1", "2", "3"]


async def test_no_run_is_asked_for_twice_by_two_workers(desk: Desk) -> None:
    for _ in range(2 * AT_ONCE):
        await desk.schedule("0 2 * * *")

    async def work() -> int:
        return sum([await desk.fire("2026-11-29 02:00") for _ in range(3)])

    fired = await asyncio.gather(work(), work(), work())
    assert sum(fired) == len(await desk.jobs()) == 2 * AT_ONCE


async def test_a_worker_that_dies_on_the_way_leaves_the_run_to_the_next(desk: Desk) -> None:
    await desk.schedule("0 2 * * *")

    async with desk.database.transaction() as session:
        assert await fire_due(session, desk.requests, utc("2026-11-29 02:00")) == 1
        await session.rollback()
    assert await desk.jobs() == []
    assert await desk.fire("2026-11-29 02:00:05") == 1
    assert len(await desk.jobs()) == 1


async def test_what_is_refused_is_told_in_its_history_and_tried_again_next_time(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused, fine = await desk.schedule("0 2 * * *"), await desk.schedule("0 2 * * *")
    usual = asking.submit

    async def refuse(session: Any, requests: Any, schedules: Sequence[Schedule]) -> Any:
        if refused.id in {one.id for one in schedules}:
            await session.execute(select(func.now()))
            raise InvalidError("the file is gone", field="input.file")
        return await usual(session, requests, schedules)

    monkeypatch.setattr(asking, "submit", refuse)
    assert await desk.fire("2026-11-29 02:00") == 2
    [run], [other] = await desk.runs(refused), await desk.runs(fine)
    assert run.error == {"code": "invalid", "message": "the file is gone", "field": "input.file"}
    assert (run.job_id, other.error) == (None, None)
    assert await desk.fire("2026-11-30 02:00") == 2


async def test_one_that_breaks_is_in_no_one_elses_way(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, fine = await desk.schedule("0 2 * * *"), await desk.schedule("0 2 * * *")
    usual = asking.submit

    async def break_down(session: Any, requests: Any, schedules: Sequence[Schedule]) -> Any:
        if broken.id in {one.id for one in schedules}:
            await session.execute(select(1 / func.abs(0)))
        return await usual(session, requests, schedules)

    monkeypatch.setattr(asking, "submit", break_down)
    assert await desk.fire("2026-11-29 02:00") == 2
    [run], [other] = await desk.runs(broken), await desk.runs(fine)
    assert run.error is not None
    assert (run.error["code"], other.error) == ("internal", None)


async def test_a_database_that_is_away_is_no_fault_of_the_schedule(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.schedule("0 2 * * *")

    async def go_away(*_: Any) -> Any:
        raise ConnectionResetError

    with monkeypatch.context() as away:
        away.setattr(asking, "submit", go_away)
        with pytest.raises(ConnectionResetError):
            await desk.fire("2026-11-29 02:00")
    assert await desk.runs() == []
    assert await desk.fire("2026-11-29 02:00:02") == 1
