"""Batches that ended long ago are forgotten, each as a whole: one that has not ended keeps all that its jobs made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, text

from playhead.ledger import operate as jobs
from playhead.ledger import retention
from playhead.ledger.batches.create import create
from playhead.models import ADMIN_OWNER, Batch
from playhead.states import State
from tests.ledger.test_job_batches import alike, children, do, run_all, view

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Select

    from tests.ledger.conftest import Bench

DAY = 86_400
PAST = func.now() - text("interval '2 days'")


async def made(bench: Bench, count: int) -> tuple[UUID, list[UUID]]:
    """A batch that was made long ago, and its children."""
    batch_id = await do(bench, create, alike(count))
    async with bench.database.transaction() as session:
        await session.execute(text("UPDATE batches SET created_at = created_at - interval '3 days'"))
    return batch_id, await children(bench, batch_id)


async def swept(bench: Bench) -> tuple[int, int]:
    """How many batches and jobs were forgotten, as by two turns of the housekeeping."""
    batches = await do(bench, retention.drop_old_batches, DAY)
    return batches, await do(bench, retention.drop_old_jobs, DAY)


async def test_a_child_stays_for_as_long_as_its_batch_has_not_ended(bench: Bench) -> None:
    batch_id, (first, second) = await made(bench, 2)
    await run_all(bench, [first])
    await bench.set(first, finished_at=PAST)
    before = await view(bench, batch_id)
    assert await swept(bench) == (0, 0)
    after = await view(bench, batch_id)
    assert (after.counts, after.progress) == (before.counts, before.progress)
    assert await bench.state(second) == State.QUEUED


async def test_the_age_of_its_children_counts_from_the_end_of_the_batch(bench: Bench) -> None:
    batch_id, (first, second) = await made(bench, 2)
    await run_all(bench, [first, second])
    await bench.set(first, finished_at=PAST)
    assert await swept(bench) == (0, 0)
    assert len(await children(bench, batch_id)) == 2
    await bench.set(second, finished_at=PAST)
    assert await swept(bench) == (1, 2)


@pytest.mark.parametrize("kept_seconds", [0, 3 * DAY])
async def test_it_is_kept_for_as_long_as_was_set(bench: Bench, kept_seconds: int) -> None:
    _, (only,) = await made(bench, 1)
    await bench.set(only, state=State.CANCELED, finished_at=PAST)
    assert await do(bench, retention.drop_old_batches, kept_seconds) == 0


async def test_a_large_one_goes_in_a_moment_and_its_children_follow_a_few_at_a_time(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody sees half of it: it would tell another state."""
    monkeypatch.setattr(retention, "CASCADING", 2)
    batch_id, there = await made(bench, 3)
    for job_id in there:
        await bench.set(job_id, state=State.CANCELED, finished_at=PAST)
    assert await do(bench, retention.drop_old_batches, DAY) == 1
    async with bench.database.transaction() as session:
        assert await session.get(Batch, batch_id) is None
    assert [await do(bench, retention.drop_old_jobs, DAY) for _ in range(3)] == [2, 1, 0]


async def test_one_whose_child_is_given_another_try_meanwhile_stays(bench: Bench) -> None:
    batch_id, there = await made(bench, 2)
    for job_id in there:
        await bench.set(job_id, state=State.CANCELED, finished_at=PAST)
    async with bench.database.transaction() as session:
        await jobs.retry(session, ADMIN_OWNER, there[0])
        assert await do(bench, retention.drop_old_batches, DAY) == 0
    assert await swept(bench) == (0, 0)
    assert await children(bench, batch_id) == there


MANY = """
    WITH more AS (
        INSERT INTO batches (id, owner_id, total, trace_id, created_at)
        SELECT gen_random_uuid(), owner_id, 20, trace_id, now() - random() * interval '60 days'
        FROM batches, generate_series(1, 500) RETURNING id)
    INSERT INTO jobs (id, owner_id, kind, queue, state, params, input, trace_id, max_attempts, parent_id, finished_at)
    SELECT gen_random_uuid(), owner_id, kind, queue, 'canceled', params, input, trace_id, max_attempts, more.id, now()
    FROM jobs, more, generate_series(1, 20)
"""


ENDED_LONG_AGO = "UPDATE jobs SET finished_at = now() - interval '50 days' WHERE random() < 0.9"


async def plan_of(bench: Bench, query: Select[Any], *before: str) -> str:
    compiled = query.compile(bench.database.engine.sync_engine, compile_kwargs={"literal_binds": True})
    async with bench.database.transaction() as session:
        for statement in (MANY, *before, "ANALYZE jobs", "ANALYZE batches"):
            await session.execute(text(statement))
        return "\n".join(await session.scalars(text(f"EXPLAIN {compiled}")))


async def test_it_is_found_by_indexes_however_many_jobs_there_are(bench: Bench) -> None:
    await made(bench, 1)
    plan = await plan_of(bench, retention._oldest_batch(text("now() - interval '1 day'")))
    assert "jobs_parent_idx" in plan, plan
    assert "Seq Scan on jobs" not in plan, plan


async def test_so_are_old_jobs_however_many_are_kept_by_their_batches(bench: Bench) -> None:
    await made(bench, 1)
    plan = await plan_of(bench, retention._oldest_jobs(text("now() - interval '1 day'")), ENDED_LONG_AGO)
    assert "jobs_finished_idx" in plan, plan
    assert "Seq Scan on jobs" not in plan, plan
