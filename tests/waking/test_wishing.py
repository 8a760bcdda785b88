"""Wishes: written with what makes jobs runnable, once, only where nobody lives who would take them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import event, func

from playhead.errors import MediaUnreadableError
from playhead.ledger import operate, queues, settle, sweep, workers
from playhead.ledger.claim import claim
from playhead.ledger.run import Run
from playhead.ledger.settle import Cost
from playhead.ledger.submit import submit
from playhead.settings import RetrySettings
from playhead.signals import Listener
from playhead.waking import wishing
from tests.waking.conftest import SUBMISSION, Yard, soon

LATER = datetime.now(UTC) + timedelta(days=365)


async def test_without_a_hook_nobody_wishes(yard: Yard) -> None:
    await yard.submit()
    assert await yard.wished() == set()


async def test_work_that_nobody_would_take_wishes_for_its_queue_and_tells(yard: Yard) -> None:
    await yard.arm()
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with Listener(yard.database.url, {wishing.CHANNEL: heard.put_nowait}) as listener:
        await soon(listener.connected)
        await yard.submit()
        await yard.submit(kind="speak", queue="cpu", input={"text": "words"})
        await yard.submit()
        assert [await soon(heard), await soon(heard)] == ["gpu", "cpu"]
    assert heard.empty()
    assert await yard.wished() == {"gpu", "cpu"}


async def test_only_queues_of_the_hook_are_wished_for(yard: Yard) -> None:
    await yard.arm(queues=["gpu", "cpu"])
    await yard.arm(queues=["cpu"])
    await yard.submit()
    assert await yard.wished() == set()


@pytest.mark.parametrize(
    ("kinds", "wished"), [(None, set()), (["transcribe", "speak"], set()), (["notate"], {"gpu"})], ids=str
)
async def test_a_living_worker_that_takes_such_jobs_is_enough(
    yard: Yard, kinds: list[str] | None, wished: set[str]
) -> None:
    await yard.arm()
    await yard.hire(kinds=kinds)
    await yard.submit()
    assert await yard.wished() == wished


async def test_a_worker_of_other_queues_is_not(yard: Yard) -> None:
    await yard.arm()
    await yard.hire(("cpu", "io"))
    await yard.submit()
    assert await yard.wished() == {"gpu"}


async def test_a_lost_worker_is_not(yard: Yard) -> None:
    await yard.arm()
    worker_id = await yard.hire()
    await yard.set_worker(worker_id, heartbeat_at=func.now() - timedelta(seconds=2))
    await yard.submit()
    assert await yard.wished() == {"gpu"}


async def test_a_worker_that_leaves_work_behind_wishes_itself(yard: Yard) -> None:
    await yard.arm()
    worker_id = await yard.hire()
    await yard.submit()
    async with yard.database.transaction() as session:
        await workers.leave(session, worker_id)
    assert await yard.wished() == {"gpu"}


async def test_a_paused_queue_wakes_nobody_before_it_is_resumed(yard: Yard) -> None:
    await yard.arm()
    async with yard.database.transaction() as session:
        await queues.pause(session, "gpu")
    await yard.submit()
    async with yard.database.transaction() as session:
        await wishing.look(session)
    assert await yard.wished() == set()
    async with yard.database.transaction() as session:
        await queues.resume(session, "gpu")
    assert await yard.wished() == {"gpu"}


async def test_a_queue_is_wished_for_only_so_often(yard: Yard) -> None:
    await yard.arm(every_seconds=60)
    await yard.submit()
    await yard.set_wake(pending=False)
    await yard.submit()
    assert await yard.wished() == set()
    await yard.set_wake(wished_at=func.now() - timedelta(seconds=61))
    await yard.submit()
    assert await yard.wished() == {"gpu"}


async def test_a_job_that_is_not_made_wishes_nothing(yard: Yard) -> None:
    await yard.arm()
    async with yard.database.transaction() as session:
        await submit(session, SUBMISSION)
        await session.rollback()
    assert await yard.wished() == set()


async def test_no_submit_waits_for_another_that_wishes(yard: Yard) -> None:
    await yard.arm()
    async with yard.database.transaction() as session:
        await submit(session, SUBMISSION)
        async with asyncio.timeout(60):
            await yard.submit()
        await session.rollback()
    assert await yard.wished() == set()
    async with yard.database.transaction() as session:
        await wishing.look(session)
    assert await yard.wished() == {"gpu"}, "who came to nothing is made up for"


async def test_a_wish_takes_no_statement_of_its_own(yard: Yard) -> None:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(yard.database.engine.sync_engine, "before_cursor_execute", note)
    await yard.submit()
    without, statements[:] = list(statements), []
    event.remove(yard.database.engine.sync_engine, "before_cursor_execute", note)
    await yard.arm()
    event.listen(yard.database.engine.sync_engine, "before_cursor_execute", note)
    await yard.submit()
    assert statements == without
    assert await yard.wished() == {"gpu"}


# What makes jobs runnable besides a submit. Each begins with one that runs, and a worker that leaves after it.


async def come_due(yard: Yard, _: Run) -> None:
    due = await yard.submit(run_at=LATER)
    assert await yard.wished() == set()
    await yard.set_job(due, run_at=func.now())
    async with yard.database.transaction() as session:
        assert await sweep.queue_due(session) == 1


async def meet_a_dependency(yard: Yard, run: Run) -> None:
    await yard.submit(after=[run.job_id])
    assert await yard.wished() == set()
    async with yard.database.transaction() as session:
        await settle.succeed(session, run, {"text": "hello"}, [], Cost(), _confirm)


async def give_back(yard: Yard, run: Run) -> None:
    async with yard.database.transaction() as session:
        await settle.give_back(session, run, Cost())


async def be_rescued(yard: Yard, _: Run) -> None:
    async with yard.database.transaction() as session:
        assert await sweep.rescue_lost(session, None) == 1


async def be_retried(yard: Yard, run: Run) -> None:
    async with yard.database.transaction() as session:
        await settle.fail(session, run, MediaUnreadableError("broken"), Cost(), RetrySettings())
    assert await yard.wished() == set()
    async with yard.database.transaction() as session:
        await operate.retry(session, SUBMISSION.owner_id, run.job_id)


async def _confirm(_: object) -> None:
    """As a storage that has all bytes."""


@pytest.mark.parametrize("happen", [come_due, meet_a_dependency, give_back, be_rescued, be_retried])
async def test_whatever_makes_a_job_runnable_wishes(yard: Yard, happen: Callable[[Yard, Run], Awaitable[None]]) -> None:
    worker_id: UUID = await yard.hire()
    job_id = await yard.submit()
    async with yard.database.transaction() as session:
        run = await claim(session, job_id, worker_id)
    assert run is not None
    await yard.arm()
    async with yard.database.transaction() as session:
        await workers.leave(session, worker_id)
    assert await yard.wished() == set()
    await happen(yard, run)
    assert await yard.wished() == {"gpu"}
