from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select, text, update

from playhead.errors import EngineCrashedError, LeaseLostError, MediaUnreadableError, NotFoundError, StateConflictError
from playhead.identity import new_id
from playhead.ledger import clearing, operate, retention, settle, sweep, workers
from playhead.ledger.files import add_file, remove_file
from playhead.ledger.settle import Cost
from playhead.models import ADMIN_OWNER, Blob, Event, Job, WorkerRow
from playhead.settings import RetrySettings
from playhead.states import STEPS, State
from playhead.storage import Blob as Stored
from playhead.tickets import issue

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.ledger.conftest import Bench


FEW = 20
PAST = func.now() - text("interval '2 days'")


async def do(bench: Bench, what: Callable[..., Awaitable[Any]], *values: Any) -> Any:
    async with bench.database.transaction() as session:
        return await what(session, *values)


async def in_state(bench: Bench, state: State) -> Any:
    """A job that came to this state as jobs do."""
    if state is State.WAITING:
        return await bench.submit(run_at=datetime.now(UTC) + timedelta(hours=1))
    if state is State.QUEUED:
        return await bench.submit()
    if state is State.EXPIRED:
        job_id = await bench.submit(expires_in_seconds=0.000001)
        assert await do(bench, sweep.expire_late) == 1
        return job_id
    if state is State.SKIPPED:
        job_id = await bench.submit()
        await do(bench, operate.skip, ADMIN_OWNER, job_id, "not needed")
        return job_id
    run = await bench.running()
    if state is State.SUCCEEDED:
        await bench.succeed(run)
    if state is State.FAILED:
        await bench.fail(run, MediaUnreadableError("broken"))
    if state is State.CANCELED:
        await do(bench, operate.cancel, ADMIN_OWNER, run.job_id)
    return run.job_id


ACTIONS: dict[str, tuple[set[State], set[State]]] = {
    "cancel": ({State.WAITING, State.QUEUED, State.RUNNING}, {State.CANCELED}),
    "skip": ({State.WAITING, State.QUEUED}, {State.SKIPPED}),
    "retry": ({State.FAILED, State.CANCELED, State.SKIPPED, State.EXPIRED}, {State.QUEUED}),
    "remove": ({State.SUCCEEDED, State.FAILED, State.CANCELED, State.SKIPPED, State.EXPIRED}, set()),
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("state", list(State))
async def test_each_action_in_each_state(bench: Bench, action: str, state: State) -> None:
    allowed, leads_to = ACTIONS[action]
    job_id = await in_state(bench, state)
    assert await bench.state(job_id) == state
    extra = ["a reason"] if action == "skip" else []
    if state not in allowed:
        with pytest.raises(StateConflictError):
            await do(bench, getattr(operate, action), ADMIN_OWNER, job_id, *extra)
        assert await bench.state(job_id) == state
        return
    await do(bench, getattr(operate, action), ADMIN_OWNER, job_id, *extra)
    for expected in leads_to:
        assert await bench.state(job_id) == expected
        assert expected in STEPS[state]
    if not leads_to:
        async with bench.database.transaction() as session:
            assert await session.scalar(select(func.count()).select_from(Job)) == 0


@pytest.mark.parametrize("action", ["cancel", "retry", "remove"])
async def test_other_owners_jobs_are_not_there(bench: Bench, action: str) -> None:
    job_id = await bench.submit()
    with pytest.raises(NotFoundError):
        await do(bench, getattr(operate, action), new_id(), job_id)
    assert await bench.state(job_id) == State.QUEUED


async def test_a_canceled_run_can_write_nothing_more(bench: Bench) -> None:
    run = await bench.running()
    await do(bench, operate.cancel, ADMIN_OWNER, run.job_id)
    with pytest.raises(LeaseLostError):
        await bench.succeed(run)
    assert await bench.state(run.job_id) == State.CANCELED


async def test_a_retried_job_has_all_its_attempts_and_one_ticket(bench: Bench) -> None:
    run = await bench.running()
    await bench.fail(run, MediaUnreadableError("broken"))
    await bench.spend_tickets()
    await do(bench, operate.retry, ADMIN_OWNER, run.job_id)
    job = await bench.job(run.job_id)
    assert (job.attempt, job.error, job.finished_at) == (0, None, None)
    assert await bench.tickets() == [run.job_id]


async def test_due_jobs_get_their_ticket_once(bench: Bench) -> None:
    job_id = await bench.submit(run_at=datetime.now(UTC) + timedelta(hours=1))
    assert await do(bench, sweep.queue_due) == 0
    await bench.set(job_id, run_at=func.now() - text("interval '1 second'"))
    assert await do(bench, sweep.queue_due) == 1
    assert await do(bench, sweep.queue_due) == 0
    assert await bench.tickets() == [job_id]
    assert await bench.history(job_id) == ["waiting", "queued"]


async def test_a_backed_off_retry_comes_back(bench: Bench) -> None:
    run = await bench.running()
    await bench.fail(run, EngineCrashedError("boom"), RetrySettings(base_seconds=0.000001))
    assert await do(bench, sweep.queue_due) == 1
    again = await bench.claim(run.job_id)
    assert again is not None
    assert again.attempt == 2


async def test_a_job_past_its_time_cannot_be_claimed(bench: Bench) -> None:
    job_id = await bench.submit(expires_in_seconds=0.000001)
    assert await bench.claim(job_id) is None
    assert await do(bench, sweep.expire_late) == 1
    assert await bench.state(job_id) == State.EXPIRED


async def test_a_silent_workers_jobs_are_rescued_and_the_attempt_counts(bench: Bench) -> None:
    run = await bench.running()
    await bench.spend_tickets()
    assert await do(bench, sweep.rescue_lost, 15) == 0
    await bench.silence(bench.worker_id)
    assert await do(bench, sweep.rescue_lost, 15) == 1
    job = await bench.job(run.job_id)
    assert job.error is not None
    assert (job.state, job.attempt, job.error["code"]) == (State.QUEUED, 1, "worker_lost")
    assert await bench.tickets() == [run.job_id]
    with pytest.raises(LeaseLostError):
        await bench.succeed(run)


async def test_a_job_that_kills_its_workers_ends_in_the_dead_letter(bench: Bench) -> None:
    run = await bench.running(max_attempts=1)
    await bench.silence(bench.worker_id)
    await do(bench, sweep.rescue_lost, 15)
    job = await bench.job(run.job_id)
    assert job.error is not None
    assert (job.state, job.error["code"], job.error["attempt"]) == (State.FAILED, "worker_lost", 1)


async def test_a_stranded_ticket_is_replaced(bench: Bench) -> None:
    """A worker fetched the ticket and died before it could claim: Procrastinate leaves it in `doing` for ever."""
    job_id = await bench.submit()
    async with bench.database.transaction() as session:
        await session.execute(text("UPDATE procrastinate_jobs SET status = 'doing'"))
    assert await do(bench, sweep.reissue_stranded, 15) == 1
    async with bench.database.transaction() as session:
        assert list(await session.scalars(text("SELECT status::text FROM procrastinate_jobs"))) == ["todo"]
    assert await bench.tickets() == [job_id]


async def test_a_job_without_a_ticket_gets_one(bench: Bench) -> None:
    lost, held = await bench.submit(), await bench.submit()
    await bench.spend_tickets()
    async with bench.database.transaction() as session:
        await issue(session, [held])
    assert await do(bench, sweep.reissue_missing) == 0
    for job_id in (lost, held):
        await bench.set(job_id, queued_at=func.now() - text("interval '2 minutes'"))
    assert await do(bench, sweep.reissue_missing) == 1
    assert sorted(await bench.tickets()) == sorted([lost, held])
    assert await do(bench, sweep.reissue_missing) == 0


async def test_a_ticket_that_a_living_worker_left_behind_does_not_count(bench: Bench) -> None:
    """It was fetched, the look broke, and it could not be put back: its worker lives, so it is not stranded."""
    job_id = await bench.submit()
    async with bench.database.transaction() as session:
        worker = await session.scalar(text("SELECT worker_id FROM procrastinate_register_worker_v1()"))
        await session.execute(text("UPDATE procrastinate_jobs SET status = 'doing', worker_id = :id"), {"id": worker})
    await bench.set(job_id, queued_at=func.now() - text("interval '2 minutes'"))
    assert await do(bench, sweep.reissue_stranded, 15) == 0
    assert await do(bench, sweep.reissue_missing) == 1
    assert await bench.tickets() == [job_id, job_id]
    assert await do(bench, sweep.reissue_missing) == 0


async def test_a_job_about_to_expire_gets_no_ticket(bench: Bench) -> None:
    job_id = await bench.submit(expires_in_seconds=0.000001)
    await bench.spend_tickets()
    await bench.set(job_id, queued_at=func.now() - text("interval '2 minutes'"))
    assert await do(bench, sweep.reissue_missing) == 0


async def test_a_job_that_began_in_time_does_not_expire(bench: Bench) -> None:
    """Given back by a worker that stops, or backing off: it has begun before its time was over."""
    run = await bench.running(expires_in_seconds=3600)
    await do(bench, settle.give_back, run, Cost())
    await bench.set(run.job_id, expires_at=func.now() - text("interval '1 second'"))
    assert await do(bench, sweep.expire_late) == 0
    assert await bench.claim(run.job_id) is not None


async def test_dependents_wait_for_all_and_are_queued_with_the_last(bench: Bench) -> None:
    first, second = await bench.running(), await bench.running()
    last = await bench.submit(after=[first.job_id, second.job_id])
    await bench.spend_tickets()
    await bench.succeed(first)
    assert await bench.state(last) == State.WAITING
    await bench.succeed(second)
    assert await bench.state(last) == State.QUEUED
    assert await bench.tickets() == [last]


async def test_a_failure_cancels_what_waits_for_it_and_a_retry_revives_it(bench: Bench) -> None:
    run = await bench.running()
    child = await bench.submit(input={"job": str(run.job_id), "output": "transcript.txt"})
    grandchild = await bench.submit(after=[child])
    await bench.fail(run, MediaUnreadableError("broken"))
    for job_id in (child, grandchild):
        job = await bench.job(job_id)
        assert job.error is not None
        assert (job.state, job.error["code"]) == (State.CANCELED, "dependency_failed")
    await do(bench, operate.retry, ADMIN_OWNER, run.job_id)
    assert [await bench.state(job_id) for job_id in (run.job_id, child, grandchild)] == ["queued", "waiting", "waiting"]
    again = await bench.claim(run.job_id)
    assert again is not None
    await bench.succeed(again)
    assert [await bench.state(job_id) for job_id in (child, grandchild)] == ["queued", "waiting"]


async def test_a_job_deleted_takes_its_history_along(bench: Bench) -> None:
    job_id = await in_state(bench, State.SUCCEEDED)
    await bench.set(job_id, finished_at=func.now() - text("interval '2 days'"))
    assert await do(bench, retention.drop_old_jobs, 0) == 0
    assert await do(bench, retention.drop_old_jobs, 3 * 86400) == 0
    assert await do(bench, retention.drop_old_jobs, 86400) == 1
    async with bench.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(Event)) == 0


async def test_few_jobs_are_forgotten_at_a_time(bench: Bench) -> None:
    """A batch that took longer than the housekeeping's patience was undone, and tried again for ever."""
    for _ in range(FEW + 1):
        await bench.set(await bench.submit(), state=State.CANCELED, finished_at=PAST)
    for found in (FEW, 1, 0):
        assert await do(bench, retention.drop_old_jobs, 86400) == found


async def test_workers_that_are_gone_are_forgotten(bench: Bench) -> None:
    async with bench.database.transaction() as session:
        for number in range(FEW + 1):
            about: dict[str, Any] = {"device": "none", "queues": [], "concurrency": {}}
            await workers.arrive(session, new_id(), name=str(number), **about)
        await session.flush()
        gone = update(WorkerRow).where(WorkerRow.id != bench.worker_id).values(heartbeat_at=PAST)
        await session.execute(gone)
    for found in (FEW + 1, 0):
        assert await do(bench, retention.drop_old_workers) == found


async def test_bytes_go_when_nothing_needs_them_any_more(bench: Bench) -> None:
    async with bench.database.transaction() as session:
        file = await add_file(
            session,
            owner_id=ADMIN_OWNER,
            blob=Stored("b" * 64, 3),
            name=None,
            media_type="audio/wav",
            duration_seconds=None,
            expires_in_seconds=60,
        )
    job_id = await bench.submit(input={"file": str(file.id)})
    await do(bench, remove_file, ADMIN_OWNER, file.id)
    async with bench.database.transaction() as session:
        await session.execute(text("UPDATE blobs SET touched_at = now() - interval '1 day'"))
    assert await do(bench, clearing.doom_orphans, 60) == {}
    run = await bench.claim(job_id)
    assert run is not None
    assert run.input_sha256 == "b" * 64
    await bench.succeed(run)
    doomed = await do(bench, clearing.doom_orphans, 60)
    assert list(doomed) == ["b" * 64]
    await do(bench, clearing.bury, doomed)
    async with bench.database.transaction() as session:
        assert (await session.scalars(select(Blob.sha256))).all() == []


async def test_giving_back_is_void_after_a_cancel(bench: Bench) -> None:
    run = await bench.running()
    await do(bench, operate.cancel, ADMIN_OWNER, run.job_id)
    with pytest.raises(LeaseLostError):
        await do(bench, settle.give_back, run, Cost())
