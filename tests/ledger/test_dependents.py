from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, text

from playhead.errors import MediaUnreadableError, StateConflictError
from playhead.ledger import operate, settle
from playhead.ledger.settle import Cost
from playhead.ledger.sweep import expire_late
from playhead.models import ADMIN_OWNER
from playhead.settings import RetrySettings
from playhead.states import State

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from playhead.ledger.run import Run
    from tests.ledger.conftest import Bench

BROKEN = MediaUnreadableError("broken")


async def retry(bench: Bench, job_id: UUID) -> None:
    async with bench.database.transaction() as session:
        await operate.retry(session, ADMIN_OWNER, job_id)


async def cancel(bench: Bench, job_id: UUID) -> None:
    async with bench.database.transaction() as session:
        await operate.cancel(session, ADMIN_OWNER, job_id)


async def fail(session: AsyncSession, run: Run) -> None:
    await settle.fail(session, run, BROKEN, Cost(), RetrySettings())


async def test_a_dependency_met_while_the_job_was_canceled_counts_when_it_is_retried(bench: Bench) -> None:
    first, second = await bench.running(), await bench.running()
    last = await bench.submit(after=[first.job_id, second.job_id])
    await cancel(bench, last)
    await bench.succeed(first)
    await retry(bench, last)
    assert await bench.state(last) == State.WAITING
    await bench.succeed(second)
    assert await bench.state(last) == State.QUEUED
    await cancel(bench, last)
    await retry(bench, last)
    assert await bench.state(last) == State.QUEUED


async def test_what_waits_for_two_failed_jobs_is_revived_with_the_second(bench: Bench) -> None:
    first, second = await bench.running(), await bench.running()
    child = await bench.submit(after=[first.job_id, second.job_id])
    await bench.fail(first, BROKEN)
    await bench.fail(second, BROKEN)
    await retry(bench, first.job_id)
    assert await bench.state(child) == State.CANCELED
    await retry(bench, second.job_id)
    assert await bench.state(child) == State.WAITING


async def test_a_revival_reaches_what_waits_on_two_ways(bench: Bench) -> None:
    root = await bench.running()
    middle = await bench.submit(after=[root.job_id])
    end = await bench.submit(after=[root.job_id, middle])
    await bench.fail(root, BROKEN)
    assert [await bench.state(job_id) for job_id in (middle, end)] == [State.CANCELED, State.CANCELED]
    await retry(bench, root.job_id)
    assert [await bench.state(job_id) for job_id in (middle, end)] == [State.WAITING, State.WAITING]


async def test_what_is_revived_has_no_time_to_begin_by_as_what_is_retried(bench: Bench) -> None:
    """Its time went by while nothing could begin it: it expired at once, with all that waited for it."""
    run = await bench.running()
    middle = await bench.submit(after=[run.job_id], expires_in_seconds=60)
    end = await bench.submit(after=[middle])
    await bench.fail(run, BROKEN)
    await bench.set(middle, expires_at=func.now() - text("interval '1 second'"))
    await retry(bench, run.job_id)
    async with bench.database.transaction() as session:
        assert await expire_late(session) == 0
    assert [await bench.state(job_id) for job_id in (middle, end)] == [State.WAITING, State.WAITING]


async def test_a_job_whose_dependency_failed_cannot_be_retried_before_it(bench: Bench) -> None:
    run = await bench.running()
    child = await bench.submit(after=[run.job_id])
    await bench.fail(run, BROKEN)
    with pytest.raises(StateConflictError, match="waits for"):
        await retry(bench, child)
    assert await bench.state(child) == State.CANCELED


async def test_a_job_whose_dependency_was_deleted_cannot_be_retried(bench: Bench) -> None:
    run = await bench.running()
    child = await bench.submit(after=[run.job_id])
    await bench.fail(run, BROKEN)
    async with bench.database.transaction() as session:
        await operate.remove(session, ADMIN_OWNER, run.job_id)
    with pytest.raises(StateConflictError, match="was deleted, so this one can never begin"):
        await retry(bench, child)


async def test_the_job_to_retry_first_is_named_unless_none_will_help(bench: Bench) -> None:
    first, second = await bench.running(), await bench.running()
    child = await bench.submit(after=[first.job_id, second.job_id])
    for run in (first, second):
        await bench.fail(run, BROKEN)
    with pytest.raises(StateConflictError, match=f"{first.job_id}.* is failed: retry that first"):
        await retry(bench, child)
    async with bench.database.transaction() as session:
        await operate.remove(session, ADMIN_OWNER, second.job_id)
    with pytest.raises(StateConflictError, match="was deleted"):
        await retry(bench, child)


async def test_a_failure_at_the_time_of_a_revival_is_not_overlooked(bench: Bench) -> None:
    """The revival holds the child while its other dependency fails: whoever comes second must see the first."""
    failed, running = await bench.running(), await bench.running()
    child = await bench.submit(after=[failed.job_id, running.job_id])
    await bench.fail(failed, BROKEN)
    async with bench.database.transaction() as session:
        await operate.retry(session, ADMIN_OWNER, failed.job_id)
        failing = asyncio.create_task(bench.fail(running, BROKEN))
        await bench.blocked()
    await failing
    assert await bench.state(child) == State.CANCELED


async def test_a_success_at_the_time_of_a_retry_is_not_overlooked(bench: Bench) -> None:
    run = await bench.running()
    child = await bench.submit(after=[run.job_id])
    await cancel(bench, child)
    async with bench.database.transaction() as session:
        await operate.retry(session, ADMIN_OWNER, child)
        succeeding = asyncio.create_task(bench.succeed(run))
        await bench.blocked()
    await succeeding
    assert await bench.state(child) == State.QUEUED


async def test_a_failure_and_a_cancel_along_ways_of_unequal_length_do_not_block_each_other(bench: Bench) -> None:
    root = await bench.running()
    first = await bench.submit(after=[root.job_id])
    second = await bench.submit(after=[first])
    end = await bench.submit(after=[root.job_id, second])
    # Holds the one that the other needs last; level by level, the failure would hold the end and wait for this.
    async with bench.database.transaction() as session:
        await operate._locked(session, ADMIN_OWNER, second)
        failing = asyncio.create_task(bench.fail(root, BROKEN))
        await bench.blocked()
        await operate.cancel(session, ADMIN_OWNER, second)
    await failing
    assert await bench.state(end) == State.CANCELED


MANY = 33_000
"""More than a statement has parameters."""
PATIENCE_SECONDS = 120
"""What a statement over all of them may take on a busy machine; nothing is shown of how long it does."""
_COPIES = text(
    """
    WITH made AS (
        INSERT INTO jobs (id, owner_id, kind, queue, state, params, input, trace_id, max_attempts, waits_for, run_at)
        SELECT gen_random_uuid(), owner_id, kind, queue, 'waiting', params, input, trace_id, 3, 1, now() + interval '1d'
        FROM jobs CROSS JOIN generate_series(1, :count) WHERE id = :id
        RETURNING id)
    INSERT INTO job_dependencies (job_id, needs_id) SELECT id, :id FROM made
    """
)


_ANALYZE = ["ANALYZE jobs", "ANALYZE job_dependencies"]


@pytest.fixture(params=["nothing", "all"])
async def run(bench: Bench, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Run:
    """One for which a whole corpus waits, that came just after a purge: PostgreSQL may not yet believe in any job."""
    patient = functools.partial(bench.database.transaction, patience_seconds=PATIENCE_SECONDS)
    monkeypatch.setattr(bench.database, "transaction", patient)
    earlier = await bench.running()
    await bench.submit(after=[earlier.job_id])
    async with bench.database.transaction() as session:
        for statement in ["DELETE FROM job_dependencies", "DELETE FROM jobs", *_ANALYZE]:
            await session.execute(text(statement))
    run = await bench.running()
    async with bench.database.transaction() as session:
        await session.execute(_COPIES, {"id": run.job_id, "count": MANY})
        for statement in _ANALYZE if request.param == "all" else []:
            await session.execute(text(statement))
    return run


async def waiting(bench: Bench, condition: str) -> int:
    async with bench.database.transaction() as session:
        count = await session.scalar(text(f"SELECT count(*) FROM jobs WHERE {condition}"))  # noqa: S608 - constants
    return int(count or 0)


async def test_a_job_for_which_a_whole_corpus_waits_succeeds(bench: Bench, run: Run) -> None:
    await bench.succeed(run)
    assert await waiting(bench, "state = 'waiting' AND waits_for = 0") == MANY


@pytest.mark.heavy
async def test_a_job_for_which_a_whole_corpus_waits_fails_and_is_retried(bench: Bench, run: Run) -> None:
    await bench.fail(run, BROKEN)
    assert await waiting(bench, "state = 'canceled'") == MANY
    await retry(bench, run.job_id)
    assert await waiting(bench, "state = 'waiting' AND waits_for = 1") == MANY
