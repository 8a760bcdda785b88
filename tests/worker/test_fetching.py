"""Tickets are fetched in lots where the queue allows it, and never more than can be begun at once."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from procrastinate.jobs import Status
from sqlalchemy import text

from playhead.states import Priority
from playhead.tickets import place
from worker.dispatch import answer_tickets, make_app
from worker.fetching import NEAR, OLDEST_EACH
from worker.ticketing import TicketManager

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from procrastinate.jobs import Job as Ticket

    from tests.worker.conftest import House

QUEUES = [place("gpu", "transcribe"), "gpu"]


@asynccontextmanager
async def manager(house: House, *, places: int, at_once: int) -> AsyncIterator[TicketManager]:
    app = make_app(house.database.url, application="test", connections=3)
    async with app.open_async():
        made = app.job_manager
        assert isinstance(made, TicketManager)
        made.serve(QUEUES, places=places, at_once=at_once)
        yield made


async def statuses(house: House) -> list[str]:
    async with house.database.transaction() as session:
        return list(await session.scalars(text("SELECT CAST(status AS text) FROM procrastinate_jobs ORDER BY id")))


def job_of(ticket: Ticket | None) -> str | None:
    return None if ticket is None else str(ticket.task_kwargs["job_id"])


async def ids(house: House, count: int, priority: Priority = Priority.NORMAL) -> list[UUID]:
    return [await house.submit(priority=priority) for _ in range(count)]


async def test_twice_as_many_each_time_and_no_more_than_there_are_free_places(house: House) -> None:
    jobs = await ids(house, 12)
    async with manager(house, places=8, at_once=8) as loop:
        number, found, doing = await loop.register_worker(), list[str | None](), list[int]()
        for _ in range(8):
            found.append(job_of(await loop.fetch_job(QUEUES, number)))
            doing.append((await statuses(house)).count("doing"))
    assert doing == [1, 3, 3, 7, 7, 7, 7, 8]
    assert found == [str(job_id) for job_id in jobs[:8]]


async def test_one_at_first_again_once_there_were_fewer(house: House) -> None:
    await ids(house, 2)
    async with manager(house, places=8, at_once=8) as loop:
        number = await loop.register_worker()
        for _ in range(3):
            await loop.fetch_job(QUEUES, number)
        await ids(house, 3)
        await loop.fetch_job(QUEUES, number)
        assert (await statuses(house)).count("doing") == 3


async def test_who_was_given_all_that_was_there_looks_but_once_in_a_while(house: House) -> None:
    await ids(house, 1)
    async with manager(house, places=8, at_once=8) as loop:
        number = await loop.register_worker()
        assert await loop.fetch_job(QUEUES, number) is not None
        await ids(house, 1)
        found = [await loop.fetch_job(QUEUES, number) for _ in range(2)]
    assert [ticket is not None for ticket in found] == [False, True]


async def test_whoever_hears_news_looks_at_once(house: House) -> None:
    heard = asyncio.Queue[None]()

    async def hear(**_: object) -> None:
        heard.put_nowait(None)

    await ids(house, 1)
    async with manager(house, places=8, at_once=8) as loop, asyncio.TaskGroup() as group:
        listening = group.create_task(loop.listen_for_jobs(on_notification=hear, queues=QUEUES))
        await heard.get()
        number = await loop.register_worker()
        assert await loop.fetch_job(QUEUES, number) is not None
        await ids(house, 1)
        await heard.get()
        assert await loop.fetch_job(QUEUES, number) is not None
        listening.cancel()


async def test_one_by_one_where_others_may_have_room(house: House) -> None:
    await ids(house, 3)
    async with manager(house, places=4, at_once=1) as loop:
        await loop.fetch_job(QUEUES, await loop.register_worker())
        assert await statuses(house) == ["doing", "todo", "todo"]


async def test_the_urgent_come_first_in_a_lot_too(house: House) -> None:
    low, high = await ids(house, 2, Priority.LOW), await ids(house, 2, Priority.HIGH)
    async with manager(house, places=4, at_once=4) as loop:
        number = await loop.register_worker()
        order = [job_of(await loop.fetch_job(QUEUES, number)) for _ in range(4)]
    assert order == [str(job_id) for job_id in (*high, *low)]


async def test_what_is_urgent_and_comes_later_is_first_in_the_next_lot(house: House) -> None:
    first, *low = await ids(house, 3, Priority.LOW)
    async with manager(house, places=4, at_once=4) as loop:
        number = await loop.register_worker()
        order = [job_of(await loop.fetch_job(QUEUES, number))]
        urgent = await house.submit(priority=Priority.URGENT)
        order += [job_of(await loop.fetch_job(QUEUES, number)) for _ in range(3)]
    assert order == [str(job_id) for job_id in (first, urgent, *low)]


async def test_where_there_are_few_each_loop_has_one(house: House) -> None:
    await ids(house, 2)
    async with manager(house, places=8, at_once=8) as loop, manager(house, places=8, at_once=8) as other:
        for one in (loop, other):
            assert await one.fetch_job(QUEUES, await one.register_worker()) is not None


async def test_of_two_loops_none_gets_what_the_other_has(house: House) -> None:
    jobs = await ids(house, 6)
    async with manager(house, places=3, at_once=3) as loop, manager(house, places=3, at_once=3) as other:
        one, two = await loop.register_worker(), await other.register_worker()
        found = [await loop.fetch_job(QUEUES, one) for _ in range(3)] + [
            await other.fetch_job(QUEUES, two) for _ in range(3)
        ]
        assert await other.fetch_job(QUEUES, two) is None
    assert sorted(str(job_of(ticket)) for ticket in found) == sorted(map(str, jobs))


@pytest.mark.usefixtures("unhurried")
async def test_what_a_loop_was_not_given_yet_is_put_back_when_it_ends(house: House) -> None:
    await ids(house, 3)
    async with manager(house, places=3, at_once=3) as loop:
        number = await loop.register_worker()
        for _ in range(2):
            await loop.fetch_job(QUEUES, number)
        assert await statuses(house) == ["doing"] * 3
        await loop.unregister_worker(number)
        assert await statuses(house) == ["doing", "doing", "todo"]


async def test_a_turn_that_it_was_not_given_yet_gives_way_to_the_next(house: House) -> None:
    """Two cannot wait under one queueing lock."""
    async with manager(house, places=3, at_once=3) as loop:
        for number in range(3):
            await house_keep(house, f"turn {number}")
        number = await loop.register_worker()
        for _ in range(2):
            await loop.fetch_job(QUEUES, number)
        await house_keep(house, "turn 2")
        await loop.unregister_worker(number)
        assert await statuses(house) == ["doing", "doing", "todo"]


async def test_a_ticket_whose_look_broke_is_not_fetched_again_at_once(house: House) -> None:
    await ids(house, 1)
    async with manager(house, places=1, at_once=1) as loop:
        number = await loop.register_worker()
        ticket = await loop.fetch_job(QUEUES, number)
        assert ticket is not None
        await loop.finish_job(ticket, Status.FAILED, delete_job=True)
        await loop.ended()
        for _ in range(2):  # The first time it knows that it was given all there was.
            assert await loop.fetch_job(QUEUES, number) is None
        assert await statuses(house) == ["todo"]


@pytest.mark.usefixtures("unhurried")
async def test_what_a_worker_that_stops_has_not_begun_an_idle_one_takes_up_at_once(house: House) -> None:
    """It only listens: its next poll is an hour away."""
    jobs, looked = await ids(house, 3), asyncio.Queue[UUID]()

    async def look(job_id: UUID, _queue: str) -> None:
        await looked.put(job_id)

    idle = make_app(house.database.url, application="test", connections=3)
    answer_tickets(idle, look)
    async with manager(house, places=3, at_once=3) as stopping, idle.open_async():
        number = await stopping.register_worker()
        given = [await stopping.fetch_job(QUEUES, number) for _ in range(2)]
        assert await statuses(house) == ["doing"] * 3
        seldom: dict[str, Any] = {"fetch_job_polling_interval": 3600, "install_signal_handlers": False}
        waiting = asyncio.create_task(idle.run_worker_async(queues=QUEUES, **seldom))
        (later,) = await ids(house, 1)
        assert await asyncio.wait_for(looked.get(), 30) == later
        stopping.leave()
        for ticket in filter(None, given):
            await stopping.finish_job(ticket, Status.ABORTED, delete_job=True)
        await stopping.unregister_worker(number)
        assert {await asyncio.wait_for(looked.get(), 30) for _ in jobs} == set(jobs)
        waiting.cancel()
        await asyncio.wait([waiting])


async def house_keep(house: House, lock: str) -> None:
    insert = "INSERT INTO procrastinate_jobs (task_name, queue_name, queueing_lock) VALUES ('turn', 'gpu', :lock)"
    async with house.database.transaction() as session:
        await session.execute(text(insert), {"lock": lock})


async def test_each_tenth_is_the_oldest_in_lots_too(house: House) -> None:
    (low,) = await ids(house, 1, Priority.LOW)
    await ids(house, OLDEST_EACH, Priority.URGENT)
    async with manager(house, places=20, at_once=20) as loop:
        number = await loop.register_worker()
        found = [job_of(await loop.fetch_job(QUEUES, number)) for _ in range(OLDEST_EACH)]
    assert str(low) in found


async def test_what_others_are_just_taking_hides_nothing(house: House) -> None:
    await house.submit()
    crowd = "INSERT INTO procrastinate_jobs (task_name, queue_name) SELECT 'nothing', 'gpu' FROM generate_series(1, {})"
    async with house.database.transaction() as session:
        await session.execute(text(crowd.format(NEAR + 20)))
    taking = "SELECT id FROM procrastinate_jobs ORDER BY id LIMIT {} FOR UPDATE"
    async with manager(house, places=10, at_once=10) as loop, house.database.transaction() as session:
        await session.execute(text(taking.format(NEAR)))
        assert await loop.fetch_job(["gpu"], await loop.register_worker()) is not None
