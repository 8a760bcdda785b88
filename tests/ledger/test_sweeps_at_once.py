"""Every sweep done by three sessions at once, again and again: no deadlock, nothing done twice, nothing left."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update

from playhead.identity import new_id
from playhead.ledger import retention, sweep, workers
from playhead.ledger.batches.create import BatchSubmission, create
from playhead.ledger.submit import submit
from playhead.models import ADMIN_OWNER, Batch, Dependency, Event, Job, WorkerRow
from playhead.states import TERMINAL, State
from tests.ledger.conftest import BASE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncSession

    from tests.ledger.conftest import Bench

JOBS, SWEEPERS = 40, 3
PAST = text("now() - interval '2 days'")


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that each sweep takes several, and the sweepers meet."""
    monkeypatch.setattr(sweep, "BATCH", 7)
    for of in ("BATCH", "CASCADING"):
        monkeypatch.setattr(retention, of, 7)


async def web(bench: Bench, seed: int, **changes: Any) -> list[UUID]:
    """Jobs of which some wait for others, criss-cross."""
    dice, jobs = random.Random(seed), list[UUID]()  # noqa: S311 - dice
    async with bench.database.transaction() as session:
        for _ in range(JOBS):
            after = dice.sample(jobs[-12:], min(len(jobs), dice.choice([0, 0, 1, 2])))
            jobs.append(await submit(session, replace(BASE, after=after, **changes)))
    return jobs


async def all_at_once(bench: Bench, one_batch: Callable[[AsyncSession], Awaitable[int]]) -> int:
    """Each sweeper goes on until it finds nothing, as the housekeeping does. Gives how many were found in all."""

    async def until_done() -> int:
        swept = 0
        while True:
            async with bench.database.transaction() as session:
                found = await one_batch(session)
            if not found:
                return swept
            swept += found

    swept = sum(await asyncio.gather(*(until_done() for _ in range(SWEEPERS))))
    # What each of them left to the others is found by the next turn.
    return swept + await until_done()


async def states(bench: Bench) -> dict[UUID, str]:
    async with bench.database.transaction() as session:
        return {row.id: row.state for row in await session.execute(select(Job.id, Job.state))}


async def ends(bench: Bench) -> dict[UUID, int]:
    """How often each job ended, by its history."""
    ended = (
        select(Event.job_id, func.count().label("times"))
        .where(Event.data["state"].astext.in_(TERMINAL))
        .group_by(Event.job_id)
    )
    async with bench.database.transaction() as session:
        return {row.job_id: row.times for row in await session.execute(ended)}


async def change_all(bench: Bench, **values: Any) -> None:
    async with bench.database.transaction() as session:
        await session.execute(update(Job).values(**values))


async def test_expiry(bench: Bench) -> None:
    jobs = await web(bench, 1, expires_in_seconds=3600)
    await change_all(bench, expires_at=PAST)
    swept = await all_at_once(bench, sweep.expire_late)
    found = await states(bench)
    assert set(found.values()) <= {State.EXPIRED, State.CANCELED}
    assert swept == list(found.values()).count(State.EXPIRED)
    assert await ends(bench) == dict.fromkeys(jobs, 1)


async def test_rescue(bench: Bench) -> None:
    jobs = await web(bench, 1, max_attempts=1)
    for job_id in jobs:
        await bench.claim(job_id)
    running = [job_id for job_id, state in (await states(bench)).items() if state == State.RUNNING]
    await change_all(bench, max_attempts=2)
    for job_id in running[::2]:
        await bench.set(job_id, max_attempts=1)
    await bench.spend_tickets()
    await bench.silence(bench.worker_id)
    assert await all_at_once(bench, lambda session: sweep.rescue_lost(session, 15)) == len(running)
    found = await states(bench)
    assert [found[job_id] for job_id in running] == [State.FAILED, State.QUEUED] * (len(running) // 2) + (
        [State.FAILED] if len(running) % 2 else []
    )
    assert sorted(await bench.tickets()) == sorted(running[1::2])
    assert set((await ends(bench)).values()) == {1}


async def test_due(bench: Bench) -> None:
    jobs = await web(bench, 0)
    await bench.spend_tickets()
    await change_all(bench, state=State.WAITING, waits_for=0, run_at=PAST)
    assert await all_at_once(bench, sweep.queue_due) == JOBS
    assert sorted(await bench.tickets()) == jobs


async def test_stranded_tickets(bench: Bench) -> None:
    jobs = await web(bench, 0)
    await change_all(bench, state=State.QUEUED, waits_for=0)
    async with bench.database.transaction() as session:
        await session.execute(text("UPDATE procrastinate_jobs SET status = 'doing'"))
        stranded = await session.scalar(text("SELECT count(*) FROM procrastinate_jobs"))
    assert await all_at_once(bench, lambda session: sweep.reissue_stranded(session, 15)) == stranded
    assert set(await bench.tickets()) <= set(jobs)
    assert len(await bench.tickets()) == stranded


async def test_missing_tickets(bench: Bench) -> None:
    """Two that look at the same moment may each write one: a doubled ticket does no harm, a missing one would."""
    jobs = await web(bench, 0)
    await bench.spend_tickets()
    await change_all(bench, state=State.QUEUED, waits_for=0, queued_at=PAST)
    assert await all_at_once(bench, sweep.reissue_missing) >= JOBS
    assert set(await bench.tickets()) == set(jobs)


async def test_old_jobs(bench: Bench) -> None:
    await web(bench, 1)
    await change_all(bench, state=State.CANCELED, finished_at=PAST)
    assert await all_at_once(bench, lambda session: retention.drop_old_jobs(session, 3600)) == JOBS
    async with bench.database.transaction() as session:
        for table in (Job, Event, Dependency):
            assert await session.scalar(select(func.count()).select_from(table)) == 0


async def test_old_batches(bench: Bench) -> None:
    async with bench.database.transaction() as session:
        for _ in range(JOBS):
            await create(session, BatchSubmission(ADMIN_OWNER, [BASE, BASE], trace_id="trace"))
        await session.execute(update(Batch).values(created_at=PAST))
    await change_all(bench, state=State.CANCELED, finished_at=PAST)
    assert await all_at_once(bench, lambda session: retention.drop_old_batches(session, 3600)) == JOBS
    assert await all_at_once(bench, lambda session: retention.drop_old_jobs(session, 3600)) == 2 * JOBS


async def test_old_workers(bench: Bench) -> None:
    run = await bench.running()
    async with bench.database.transaction() as session:
        for number in range(JOBS):
            about: dict[str, Any] = {"device": "none", "queues": [], "concurrency": {}}
            await workers.arrive(session, new_id(), name=str(number), **about)
        await session.flush()
        await session.execute(update(WorkerRow).values(heartbeat_at=PAST))
    assert await all_at_once(bench, retention.drop_old_workers) == JOBS
    assert (await bench.job(run.job_id)).worker_id == bench.worker_id


async def test_no_sweep_takes_more_than_a_batch(bench: Bench) -> None:
    await web(bench, 0)
    async with bench.database.transaction() as session:
        await session.execute(text("UPDATE procrastinate_jobs SET status = 'doing'"))
        assert await sweep.reissue_stranded(session, 15) == 7
