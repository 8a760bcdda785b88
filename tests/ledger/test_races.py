"""What comes between: two who do things to the same jobs at the same moment, each case made to happen."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select, text
from uuid_utils.compat import uuid7

from playhead.identity import new_id
from playhead.ledger import operate, settle, sweep
from playhead.ledger import submit as submitting
from playhead.ledger.inserting import insert_jobs
from playhead.ledger.settle import Cost, Made
from playhead.models import ADMIN_OWNER, Job
from playhead.states import State
from tests.ledger.conftest import BASE, confirm

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from tests.ledger.conftest import Bench

PAST = func.now() - text("interval '1 hour'")


async def do(bench: Bench, what: Callable[..., Awaitable[Any]], *values: Any) -> Any:
    async with bench.database.transaction() as session:
        return await what(session, *values)


async def test_a_job_deleted_between_its_key_and_its_id_is_made_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The insert met the row of an earlier request, and when that was looked for, it was gone."""
    made = []

    async def insert_and_delete_first(*values: Any) -> set[UUID]:
        monkeypatch.setattr(submitting, "insert_jobs", insert_jobs)
        made.append(await bench.submit(idempotency_key="one"))
        assert await insert_jobs(*values) == set()
        await do(bench, operate.cancel, ADMIN_OWNER, made[0])
        await do(bench, operate.remove, ADMIN_OWNER, made[0])
        return set()

    monkeypatch.setattr(submitting, "insert_jobs", insert_and_delete_first)
    job_id = await bench.submit(idempotency_key="one")
    assert await bench.tickets() == [*made, job_id]
    assert await bench.state(job_id) == State.QUEUED


async def test_a_repeated_request_that_meets_a_deletion_makes_a_new_job(bench: Bench) -> None:
    first = await bench.submit(idempotency_key="one")
    await do(bench, operate.cancel, ADMIN_OWNER, first)
    async with bench.database.transaction() as session:
        await operate.remove(session, ADMIN_OWNER, first)
        again = asyncio.create_task(bench.submit(idempotency_key="one"))
        await bench.blocked()
    assert await again != first
    assert await bench.state(await again) == State.QUEUED


async def test_a_job_found_by_its_key_is_there_until_the_request_is_answered(bench: Bench) -> None:
    first = await bench.submit(idempotency_key="one")
    await do(bench, operate.cancel, ADMIN_OWNER, first)
    async with bench.database.transaction() as session:
        assert await submitting.submit(session, replace(BASE, idempotency_key="one")) == first
        deleting = asyncio.create_task(do(bench, operate.remove, ADMIN_OWNER, first))
        await bench.blocked()
        assert await session.scalar(select(Job.state).where(Job.id == first)) == State.CANCELED
    await deleting


async def test_expiry_waits_for_nobody_who_holds_what_waits_for_a_late_job(bench: Bench) -> None:
    """It held one late job and waited for another, while a cancel of that one waited for the first: a deadlock."""
    first = await bench.submit()
    second = await bench.submit(after=[first])
    third = await bench.submit(after=[second])
    for late in (first, third):
        await bench.set(late, expires_at=PAST)
    async with bench.database.transaction() as session:
        await operate._locked(session, ADMIN_OWNER, second)
        assert await asyncio.wait_for(do(bench, sweep.expire_late), 10) == 1
        await operate.cancel(session, ADMIN_OWNER, second)
    states = [await bench.state(job_id) for job_id in (first, second, third)]
    assert states == [State.QUEUED, State.CANCELED, State.EXPIRED]
    assert await do(bench, sweep.expire_late) == 1
    assert await bench.state(first) == State.EXPIRED


async def test_a_rescue_waits_for_nobody_who_holds_what_waits_for_the_job(bench: Bench) -> None:
    run, other = await bench.running(max_attempts=1), await bench.running(max_attempts=1)
    child = await bench.submit(after=[run.job_id])
    await bench.silence(bench.worker_id)
    async with bench.database.transaction() as session:
        shared = select(Job.id).with_for_update(read=True)
        await session.execute(shared.where(Job.id == child))
        assert await asyncio.wait_for(do(bench, sweep.rescue_lost, 15), 10) == 1
        await session.execute(shared.where(Job.id == run.job_id))
    assert [await bench.state(job_id) for job_id in (run.job_id, other.job_id)] == [State.RUNNING, State.FAILED]
    assert await do(bench, sweep.rescue_lost, 15) == 1
    assert [await bench.state(job_id) for job_id in (run.job_id, child)] == [State.FAILED, State.CANCELED]


async def test_a_job_sorts_after_what_it_waits_for_though_another_clock_made_that(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Locks are taken in the order of the ids: it must be that of the dependencies."""
    with monkeypatch.context() as ahead:
        ahead.setattr(submitting, "new_id", lambda **_: _id_of_an_hour_ahead())
        first = await bench.submit()
    second = await bench.submit(after=[first])
    third = await bench.submit(input={"job": str(second), "output": "transcript.txt"})
    assert new_id() < first < second < third


def _id_of_an_hour_ahead() -> UUID:
    milliseconds = new_id().int >> 80
    return uuid7(nanoseconds=(milliseconds + 3_600_000) * 1_000_000)


async def test_what_a_job_needs_is_kept_though_the_job_that_made_it_is_deleted(bench: Bench) -> None:
    first = await bench.running()
    child = await bench.submit(input={"job": str(first.job_id), "output": "a.txt"})
    other = await bench.submit(input={"job": str(first.job_id), "output": "never.txt"})
    made = [Made("a.txt", "a" * 64, 1, "text/plain"), Made("b.txt", "b" * 64, 1, "text/plain")]
    await do(bench, settle.succeed, first, {}, made, Cost(), confirm)
    await do(bench, operate.remove, ADMIN_OWNER, first.job_id)
    run = await bench.claim(child)
    assert run is not None
    assert run.input_sha256 == "a" * 64
    assert (await bench.job(other)).input_sha256 is None
