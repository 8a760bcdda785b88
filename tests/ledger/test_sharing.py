from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from sqlalchemy import select, update

from playhead.errors import EngineCrashedError, LeaseLostError, MediaUnreadableError
from playhead.identity import new_id
from playhead.ledger import operate, retention, settle, sweep
from playhead.ledger.batches.create import BatchSubmission, create
from playhead.ledger.batches.operate import cancel as cancel_batch
from playhead.ledger.sharing import landing
from playhead.ledger.sharing.boarding import FOLLOWING
from playhead.ledger.sharing.landing import land_left
from playhead.ledger.submit import Submission, submit_all
from playhead.models import ADMIN_OWNER, Job
from playhead.settings import RetrySettings
from playhead.states import Priority, State
from tests.ledger.conftest import BASE
from tests.ledger.flying import SHA256, TEXT, WORK, Airport, key

if TYPE_CHECKING:
    from playhead.ledger.run import Run
    from tests.ledger.conftest import Bench

BROKEN, BOOM = MediaUnreadableError("broken"), EngineCrashedError("boom")
MANY = 100


@pytest_asyncio.fixture(loop_scope="session")
async def airport(bench: Bench) -> Airport:
    return Airport(bench)


async def test_what_has_been_done_is_answered_at_submit(bench: Bench, airport: Airport) -> None:
    done = await airport.leading()
    await airport.succeed(done)
    await bench.spend_tickets()
    again = await bench.job(await airport.submit())
    assert (again.state, again.result, again.progress) == (State.SUCCEEDED, {"text": "hello"}, 1.0)
    assert (again.cached_from, again.gpu_seconds, again.audio_seconds) == (done.job_id, 0, 0)
    assert (again.saved_audio_seconds, again.attempt, again.queued_at) == (10.0, 0, None)
    assert await airport.outputs(again.id) == [("a.txt", SHA256)]
    assert await bench.history(again.id) == ["succeeded"]
    assert await bench.tickets() == []


@pytest.mark.parametrize(
    "changes",
    [{"work": None}, {"work": b"other"}, {"input": {"text": "else"}}, {"input": {"url": "https://a.example"}}],
)
async def test_other_work_is_done_anew(bench: Bench, airport: Airport, changes: dict[str, Any]) -> None:
    await airport.succeed(await airport.leading())
    assert await bench.state(await airport.submit(**changes)) == State.QUEUED


async def test_what_is_to_wait_is_answered_when_its_time_comes(bench: Bench, airport: Airport) -> None:
    await airport.succeed(await airport.leading())
    before = await bench.running()
    later = await airport.submit(run_at=datetime.now(UTC) + timedelta(hours=1))
    after = await airport.submit(after=[before.job_id])
    assert [await bench.state(job_id) for job_id in (later, after)] == [State.WAITING, State.WAITING]
    await bench.succeed(before)
    run = await airport.claim(after)
    assert not await airport.board(run)
    job = await bench.job(after)
    assert (job.state, job.attempt, await bench.history(after)) == (
        State.SUCCEEDED,
        0,
        ["waiting", "queued", "running", "succeeded"],
    )


async def test_those_who_follow_wait_and_succeed_with_the_one_that_does_the_work(
    bench: Bench, airport: Airport
) -> None:
    leader = await airport.leading()
    follower, queued = await airport.following(), await airport.submit()
    job = await bench.job(follower)
    assert (job.state, job.stage, job.attempt, job.started_at) == (State.WAITING, FOLLOWING, 0, None)
    dependent = await bench.submit(input={"job": str(follower), "output": "a.txt"})
    await airport.succeed(leader)
    for one in (follower, queued):
        job = await bench.job(one)
        assert (job.state, job.cached_from, job.stage, job.gpu_seconds) == (State.SUCCEEDED, leader.job_id, None, 0)
        assert await airport.outputs(one) == [("a.txt", SHA256)]
    waiting = await bench.job(dependent)
    assert (waiting.state, waiting.input_sha256) == (State.QUEUED, SHA256)
    assert await bench.claim(queued) is None  # its ticket is stale


async def test_a_run_that_follows_has_lost_its_job(bench: Bench, airport: Airport) -> None:
    await airport.leading()
    run = await airport.claim(await airport.submit())
    assert not await airport.board(run)
    with pytest.raises(LeaseLostError):
        await airport.succeed(run)
    with pytest.raises(LeaseLostError):
        await airport.board(run)
    assert await bench.history(run.job_id) == ["queued", "running", "waiting"]


async def test_a_hundred_that_come_at_once_make_one_run(bench: Bench, airport: Airport) -> None:
    jobs = await airport.all_at_once(*(airport.submit() for _ in range(MANY)))
    runs = await airport.all_at_once(*(airport.claim(job_id) for job_id in jobs))
    led = await airport.all_at_once(*(airport.board(run) for run in runs))
    (leader,) = (run for run, leads in zip(runs, led, strict=True) if leads)
    await airport.succeed(leader)
    assert await airport.states() == {"succeeded": MANY}
    assert {(await bench.job(job_id)).cached_from for job_id in jobs} == {None, leader.job_id}


async def test_runs_that_board_while_the_leader_settles_wait_for_nothing_in_vain(airport: Airport) -> None:
    leader = await airport.leading()
    runs = [await airport.claim(await airport.submit()) for _ in range(20)]
    await airport.all_at_once(airport.succeed(leader), *(airport.board(run) for run in runs))
    assert await airport.states() == {"succeeded": 21}


async def test_a_leader_that_is_given_back_and_tried_again_keeps_its_followers(bench: Bench, airport: Airport) -> None:
    leader = await airport.leading()
    follower = await airport.following()
    async with bench.database.transaction() as session:
        await settle.give_back(session, leader, settle.Cost())
    leader = await airport.claim(leader.job_id)
    assert await airport.board(leader)
    assert await bench.fail(leader, BOOM, RetrySettings(base_seconds=1e-9)) == State.WAITING
    async with bench.database.transaction() as session:
        await sweep.queue_due(session)
    assert await bench.state(follower) == State.WAITING
    leader = await airport.claim(leader.job_id)
    assert await airport.board(leader)
    async with bench.database.transaction() as session:
        assert await land_left(session) == 0
    await airport.succeed(leader)
    assert await bench.state(follower) == State.SUCCEEDED


async def end(bench: Bench, how: str, run: Run) -> None:
    async with bench.database.transaction() as session:
        match how:
            case "cancel":
                await operate.cancel(session, ADMIN_OWNER, run.job_id)
            case "fail":
                await settle.fail(session, run, BOOM, settle.Cost(), RetrySettings())
            case "rescue":
                await sweep.rescue_dropped(session, [run.lease])


@pytest.mark.parametrize("how", ["cancel", "fail", "rescue"])
async def test_when_the_leader_ends_without_a_result_the_most_urgent_takes_its_place(
    bench: Bench, airport: Airport, how: str
) -> None:
    leader = await airport.leading(max_attempts=1)
    others = [await airport.following(priority=priority) for priority in (Priority.LOW, Priority.HIGH, Priority.NORMAL)]
    await bench.spend_tickets()
    await end(bench, how, leader)
    assert [await bench.state(job_id) for job_id in others] == [State.WAITING, State.QUEUED, State.WAITING]
    assert (await bench.tickets(), await airport.leader()) == ([others[1]], others[1])
    heir = await airport.claim(others[1])
    assert (heir.attempt, await airport.board(heir)) == (1, True)
    await airport.succeed(heir)
    assert {(await bench.job(job_id)).cached_from for job_id in others} == {None, others[1]}


async def test_a_batch_that_is_canceled_passes_its_work_on(bench: Bench, airport: Airport) -> None:
    children = [Submission(**{**vars(BASE), "work": WORK, "input": TEXT}) for _ in range(2)]
    async with bench.database.transaction() as session:
        batch_id = await create(session, BatchSubmission(ADMIN_OWNER, children, "trace"))
    async with bench.database.transaction() as session:
        ids = list(await session.scalars(select(Job.id).where(Job.parent_id == batch_id).order_by(Job.id)))
    assert [await airport.board(await airport.claim(job_id)) for job_id in ids] == [True, False]
    outside = await airport.following()
    async with bench.database.transaction() as session:
        await cancel_batch(session, ADMIN_OWNER, batch_id)
    assert [await bench.state(job_id) for job_id in [*ids, outside]] == [State.CANCELED, State.CANCELED, State.QUEUED]


async def test_a_permanent_failure_is_that_of_all_and_any_of_them_can_be_retried(
    bench: Bench, airport: Airport
) -> None:
    leader = await airport.leading()
    followers = [await airport.following() for _ in range(2)]
    dependent = await bench.submit(after=[followers[0]])
    await bench.fail(leader, BROKEN)
    for job_id in followers:
        job = await bench.job(job_id)
        assert job.error is not None
        assert (job.state, job.error["code"], job.error["attempt"]) == (State.FAILED, "media_unreadable", 0)
    assert await bench.state(dependent) == State.CANCELED
    async with bench.database.transaction() as session:
        await operate.retry(session, ADMIN_OWNER, followers[0])
    assert await airport.board(await airport.claim(followers[0]))
    async with bench.database.transaction() as session:
        await operate.retry(session, ADMIN_OWNER, leader.job_id)
    assert not await airport.board(await airport.claim(leader.job_id))


async def test_a_follower_ends_alone(bench: Bench, airport: Airport) -> None:
    leader = await airport.leading()
    canceled, expired, left = [await airport.following(expires_in_seconds=3600) for _ in range(3)]
    await bench.set(expired, expires_at=datetime.now(UTC) - timedelta(hours=1))
    async with bench.database.transaction() as session:
        await operate.cancel(session, ADMIN_OWNER, canceled)
        assert await sweep.expire_late(session) == 1
    await airport.succeed(leader)
    assert [await bench.state(job_id) for job_id in (canceled, expired, left)] == [
        State.CANCELED,
        State.EXPIRED,
        State.SUCCEEDED,
    ]


async def test_an_urgent_follower_hastens_the_one_that_it_follows(bench: Bench, airport: Airport) -> None:
    leader = await airport.leading(priority=Priority.LOW)
    await airport.following(priority=Priority.URGENT)
    await airport.following(priority=Priority.NORMAL)
    assert (await bench.job(leader.job_id)).priority == Priority.URGENT.rank


async def test_followers_that_somebody_holds_are_left_to_the_sweep(bench: Bench, airport: Airport) -> None:
    leader = await airport.leading()
    held, free = await airport.following(), await airport.following()
    async with bench.database.transaction() as holding:
        await holding.execute(select(Job.id).where(Job.id == held).with_for_update())
        await airport.succeed(leader)
        assert [await bench.state(job_id) for job_id in (held, free)] == [State.WAITING, State.SUCCEEDED]
        async with bench.database.transaction() as session:
            assert await land_left(session) == 0
    async with bench.database.transaction() as session:
        assert await land_left(session) == 1
    assert (await bench.job(held)).cached_from == leader.job_id


async def test_more_followers_than_go_at_once_are_left_to_the_sweep(
    bench: Bench, airport: Airport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landing, "BATCH", 2)
    leader = await airport.leading()
    for _ in range(5):
        await airport.following()
    await airport.succeed(leader)
    landed = []
    for _ in range(3):
        async with bench.database.transaction() as session:
            landed.append(await land_left(session))
    assert (landed, await airport.states()) == ([2, 1, 0], {"succeeded": 6})


async def test_followers_of_one_that_is_gone_go_on(bench: Bench, airport: Airport) -> None:
    leader = await airport.leading()
    held, free = await airport.following(), await airport.following()
    async with bench.database.transaction() as holding:
        await holding.execute(select(Job.id).where(Job.id.in_([held, free])).with_for_update())
        await end(bench, "cancel", leader)
    async with bench.database.transaction() as session:
        await operate.remove(session, ADMIN_OWNER, leader.job_id)
    for expected in (1, 0):
        async with bench.database.transaction() as session:
            assert await land_left(session) == expected
    assert [await bench.state(job_id) for job_id in (held, free)] == [State.QUEUED, State.WAITING]


async def test_whoever_deletes_its_job_takes_nothing_from_others(bench: Bench, airport: Airport) -> None:
    done = await airport.leading()
    await airport.succeed(done)
    again = await airport.submit()
    async with bench.database.transaction() as session:
        await operate.remove(session, ADMIN_OWNER, done.job_id)
    assert await airport.outputs(again) == [("a.txt", SHA256)]
    third = await airport.submit()
    assert await bench.state(third) == State.QUEUED
    assert await airport.board(await airport.claim(third))


async def test_a_job_that_is_just_being_deleted_is_no_answer(bench: Bench, airport: Airport) -> None:
    done = await airport.leading()
    await airport.succeed(done)
    async with bench.database.transaction() as deleting:
        await operate.remove(deleting, ADMIN_OWNER, done.job_id)
        assert await bench.state(await airport.submit()) == State.QUEUED


async def test_old_jobs_take_their_flights_along(bench: Bench, airport: Airport) -> None:
    done = await airport.leading()
    await airport.succeed(done)
    async with bench.database.transaction() as session:
        past = datetime.now(UTC) - timedelta(days=2)
        await session.execute(update(Job).where(Job.id == done.job_id).values(finished_at=past))
        assert await retention.drop_old_jobs(session, 86_400) == 1
    assert await airport.leader() is None


async def test_a_graph_whose_first_job_has_been_done_goes_on_with_the_next(bench: Bench, airport: Airport) -> None:
    await airport.succeed(await airport.leading())
    first = new_id()
    second = new_id(after=[first])
    of_first = {"job": str(first), "output": "a.txt"}
    asked = partial(Submission, ADMIN_OWNER, "transcribe", "gpu", {}, max_attempts=1)
    async with bench.database.transaction() as session:
        wanted = [asked(TEXT, work=WORK, id=first), asked(of_first, work=b"next", id=second)]
        await submit_all(session, wanted, now=True)
    assert [await bench.state(job_id) for job_id in (first, second)] == [State.SUCCEEDED, State.QUEUED]
    assert (await bench.job(second)).input_sha256 == SHA256


async def test_a_key_of_other_settings_begins_another_flight(airport: Airport) -> None:
    await airport.leading()
    other = await airport.claim(await airport.submit())
    assert await airport.board(other, b"other settings")
    assert key() != key(b"other settings")
