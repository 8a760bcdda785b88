from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from playhead.ledger import settle, sweep
from playhead.ledger.settle import Cost
from playhead.ledger.submit import submit
from playhead.states import Priority
from playhead.tickets import LOOK, place
from tests.activity import until_listening
from tests.ledger.conftest import BASE
from worker.dispatch import answer_tickets, keep_fetching, make_app
from worker.loop import Loop

if TYPE_CHECKING:
    import pytest

    from tests.ledger.conftest import Bench

GPU = ["gpu", place("gpu", "transcribe")]


async def test_a_commit_wakes_a_waiting_worker_at_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: our insert through asyncpg wakes Procrastinate's listener, and the spent ticket is deleted."""
    # It polls every 5 s else: without that, a second ticket is proof of the notification.
    monkeypatch.setattr("worker.dispatch.Loop", functools.partial(Loop, fetch_job_polling_interval=3600))
    looked: asyncio.Queue[UUID] = asyncio.Queue()
    app = make_app(bench.database.url, application="test", connections=3)

    async def look(job_id: UUID, _queue: str) -> None:
        await looked.put(job_id)

    answer_tickets(app, look)
    async with app.open_async():
        fetching = asyncio.create_task(keep_fetching(app, GPU, 1, 5))
        try:
            first = await bench.submit()
            # The first may be found by the look at the start; from now on the worker only listens.
            assert await asyncio.wait_for(looked.get(), 30) == first
            await until_listening(bench.database)
            async with bench.database.transaction() as session:
                second = await submit(session, BASE)
                assert looked.empty()
            assert await asyncio.wait_for(looked.get(), 30) == second
        finally:
            fetching.cancel()
            await asyncio.wait([fetching])
    assert await bench.tickets() == []


async def test_what_has_begun_goes_on_before_what_has_not(bench: Bench) -> None:
    """A job whose worker died, or was told to stop, does not go to the end of the line; one of a higher rank leads."""
    rescued, given_back = await bench.running(), await bench.running()
    await bench.spend_tickets()
    waiting, urgent = await bench.submit(), await bench.submit(priority=Priority.HIGH)
    async with bench.database.transaction() as session:
        await settle.give_back(session, given_back, Cost())
    await bench.silence(bench.worker_id)
    async with bench.database.transaction() as session:
        await sweep.rescue_lost(session, 15)
    assert await bench.tickets() == [urgent, given_back.job_id, rescued.job_id, waiting]


async def test_missing_tickets_are_found_in_one_pass_however_many_jobs_wait(bench: Bench) -> None:
    """With ``NOT IN`` PostgreSQL reads all tickets again for each job, once they are too many for its memory."""
    template = await bench.submit()
    async with bench.database.transaction() as session:
        for fill in (MANY_JOBS, MANY_TICKETS):
            await session.execute(text(fill), {"template": template})
        for table in ("jobs", "procrastinate_jobs"):
            await session.execute(text(f"ANALYZE {table}"))
        await session.execute(text("SET LOCAL work_mem = '64kB'"))
        explained = text(f"EXPLAIN {sweep._MISSING.text}").bindparams(task=LOOK, batch=sweep.BATCH)
        plan = "\n".join(await session.scalars(explained))
    assert "Anti Join" in plan, plan
    assert "SubPlan" not in plan, plan


MANY_JOBS = """
    INSERT INTO jobs (id, owner_id, kind, queue, state, params, input, trace_id, max_attempts, queued_at)
    SELECT gen_random_uuid(), owner_id, kind, queue, state, params, input, trace_id, max_attempts, now() - interval '1h'
    FROM jobs, generate_series(1, 5000) WHERE id = :template
"""
MANY_TICKETS = """
    INSERT INTO procrastinate_jobs (task_name, queue_name, args)
    SELECT 'playhead.look', queue, jsonb_build_object('job_id', id) FROM jobs
"""


async def test_a_ticket_whose_look_broke_is_looked_at_again(bench: Bench) -> None:
    looked: asyncio.Queue[UUID] = asyncio.Queue()
    away = [ConnectionResetError("the database went away while the job was claimed")]

    async def look(job_id: UUID, _queue: str) -> None:
        await looked.put(job_id)
        if away:
            raise away.pop()

    app = make_app(bench.database.url, application="test", connections=3)
    answer_tickets(app, look)
    job_id = await bench.submit()
    async with app.open_async():
        fetching = asyncio.create_task(keep_fetching(app, GPU, 1, 5))
        try:
            assert await asyncio.wait_for(looked.get(), 30) == job_id
            assert await asyncio.wait_for(looked.get(), 30) == job_id
        finally:
            fetching.cancel()
            await asyncio.wait([fetching])


async def test_housekeeping_that_broke_leaves_nothing_behind(bench: Bench) -> None:
    """Its next turn may be waiting already, under the same queueing lock: this one cannot be put back beside it."""
    app = make_app(bench.database.url, application="test", connections=3)
    broke = asyncio.Event()

    @app.task(name="sweep", queue="housekeeping", queueing_lock="sweep")
    async def on_time() -> None:
        if not broke.is_set():
            await on_time.defer_async()
            broke.set()
            message = "the database went away"
            raise ConnectionResetError(message)

    async with app.open_async():
        await on_time.defer_async()
        for _ in range(2):  # Of a turn that comes while it looks, a loop that waits for nothing need not hear.
            await app.run_worker_async(queues=["housekeeping"], wait=False, install_signal_handlers=False)
        async with bench.database.transaction() as session:
            assert await session.scalar(text("SELECT count(*) FROM procrastinate_jobs")) == 0
