from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, update

from playhead.errors import InvalidError
from playhead.identity import new_id
from playhead.models import ADMIN_OWNER, Batch, Schedule
from playhead.schedules import asking
from playhead.schedules.firing import AT_ONCE, fire_due
from playhead.states import State
from tests.schedules.conftest import REQUEST, utc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.schedules.conftest import Desk

BERLIN, NEW_YORK, LORD_HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"


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


DAILY = "30 2 * * *"


@pytest.mark.parametrize(
    ("cron", "zone", "start", "told"),
    [
        (DAILY, BERLIN, "2026-03-27 12:00", ["03-28 01:30", "03-29 01:30", "03-30 00:30", "03-31 00:30"]),
        (DAILY, BERLIN, "2026-10-23 12:00", ["10-24 00:30", "10-25 00:30", "10-26 01:30", "10-27 01:30"]),
        (DAILY, NEW_YORK, "2026-03-06 12:00", ["03-07 07:30", "03-08 07:30", "03-09 06:30"]),
        ("30 1 * * *", NEW_YORK, "2026-10-30 12:00", ["10-31 05:30", "11-01 05:30", "11-02 06:30"]),
        ("15 2 * * *", LORD_HOWE, "2026-10-02 12:00", ["10-02 15:45", "10-03 15:45", "10-04 15:15"]),
        ("45 1 * * *", LORD_HOWE, "2026-04-03 12:00", ["04-03 14:45", "04-04 14:45", "04-05 15:15"]),
        (DAILY, BERLIN, "2028-02-27 12:00", ["02-28 01:30", "02-29 01:30", "03-01 01:30"]),
    ],
    ids=[
        *("Berlin, forward", "Berlin, back", "New York, forward", "New York, back"),
        *("half an hour forward", "half an hour back", "a leap day"),
    ],
)
async def test_a_change_of_the_clocks_neither_skips_nor_doubles_a_run(
    cron: str, zone: str, start: str, told: list[str], desk: Desk
) -> None:
    desk.now = utc(start)
    schedule = await desk.schedule(cron, zone)
    await go_by(desk, days=len(told))
    assert await due(desk, schedule) == told
    assert len(await desk.jobs()) == len(told)


@pytest.mark.parametrize(("start", "hours"), [("2026-03-29 00:00", 23), ("2026-10-25 00:00", 25)])
async def test_a_run_of_every_hour_has_as_many_as_the_day_has_hours(start: str, hours: int, desk: Desk) -> None:
    midnight = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(BERLIN))
    desk.now = midnight.astimezone(UTC)
    schedule = await desk.schedule("30 * * * *", BERLIN)
    await go_by(desk, days=hours / 24)
    runs = [run.due_at for run in await desk.runs(schedule) if run.due_at]
    assert runs == [desk.now - timedelta(hours=hours - number - 0.5) for number in range(hours)]


async def go_by(desk: Desk, *, days: float) -> None:
    """Let the clock go on, a quarter of an hour each time."""
    for _ in range(round(days * 24 * 4)):
        await desk.fire(desk.now + timedelta(minutes=15))


async def test_what_is_due_on_leap_days_has_no_run_in_other_years(desk: Desk) -> None:
    schedule = await desk.schedule("0 12 29 2 *")
    for year in range(2027, 2034):
        for day in ("02-28", "03-01"):
            await desk.fire(f"{year}-{day} 12:00")
    assert [run.due_at for run in await desk.runs(schedule)] == [utc("2028-02-29 12:00"), utc("2032-02-29 12:00")]


async def test_weeks_of_downtime_over_a_change_of_the_clocks_are_made_up_for_once(desk: Desk) -> None:
    desk.now = utc("2026-03-20 12:00")
    daily, hourly = await desk.schedule(DAILY, BERLIN), await desk.schedule("*/10 * * * *", BERLIN)
    assert await desk.fire("2026-04-10 12:05") == 2
    assert (await due(desk, daily), await due(desk, hourly)) == (["03-21 01:30"], ["03-20 12:10"])
    assert (await desk.again(daily)).next_at == utc("2026-04-11 00:30")
    assert (await desk.again(hourly)).next_at == utc("2026-04-10 12:10")
    assert len(await desk.jobs()) == 2


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
    batch = {"kind": "transcribe", "inputs": 2000 * [REQUEST["input"]]}
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


async def test_one_whose_times_nobody_can_tell_any_more_is_paused_and_in_no_one_elses_way(desk: Desk) -> None:
    """Names of time zones come and go with their releases."""
    lost, fine = await desk.schedule("0 2 * * *"), await desk.schedule("0 2 * * *")
    async with desk.database.transaction() as session:
        await session.execute(update(Schedule).where(Schedule.id == lost.id).values(timezone="US/Pacific-New"))
    assert await desk.fire("2026-11-29 02:00") == 2
    assert len(await desk.jobs()) == 2
    told, other = await desk.again(lost), await desk.again(fine)
    assert (told.next_at, told.paused_at, other.next_at) == (None, desk.now, utc("2026-11-30 02:00"))
    [run, why] = await desk.runs(lost)
    assert (run.error, why.due_at) == (None, None)
    assert why.error is not None
    assert (why.error["code"], why.error["field"]) == ("invalid", "timezone")


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
