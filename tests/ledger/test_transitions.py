"""Every line of the table of transitions, each seen to happen to a real database as the table says it does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest_asyncio

from playhead.database import Database
from playhead.errors import EngineCrashedError, MediaUnreadableError
from playhead.ledger.run import Run
from playhead.states import CANCEL, DELETE, RETRY, SKIP, TRANSITIONS
from tests.ledger.acts import WORK, Act, Board, Claim, Fail, GiveBack, Operate, Submit, Succeed
from tests.ledger.course import Course
from tests.ledger.passing import (
    DropOldJobs,
    ExpireLate,
    QueueDue,
    RescueDropped,
    RescueLost,
    RescueOverdue,
    Silence,
    TimePasses,
)

BROKEN, BOOM = MediaUnreadableError("broken"), EngineCrashedError("boom")


@pytest_asyncio.fixture(loop_scope="session")
async def course(database_url: str) -> AsyncIterator[Course]:
    course = Course(Database(database_url))
    yield course
    await course.calls.give_up()
    await course.database.close()


async def submit(course: Course, *after: UUID, attempts: int = 2, **about: Any) -> UUID:
    spec = {"queue": "gpu", "max_attempts": attempts, "after": list(after), **about}
    job_id = await course.do(Submit(spec))
    assert isinstance(job_id, UUID)
    return job_id


async def running(course: Course, **about: Any) -> Run:
    job_id = await submit(course, **about)
    return await claim(course, job_id)


async def claim(course: Course, job_id: UUID) -> Run:
    ticket = await course.fetch(job_id)
    assert ticket is not None
    run = await course.do(Claim(job_id, course.workers[0], ticket.id))
    assert isinstance(run, Run)
    return run


async def all_of(course: Course, *acts: Act) -> None:
    for act in acts:
        await course.do(act)


async def ended(course: Course) -> UUID:
    run = await running(course)
    await course.do(Succeed(run))
    return run.job_id


# Named as in the table.


async def submit_to_wait(course: Course) -> None:
    await submit(course, run_at=datetime.now(UTC) + timedelta(hours=1))


async def come_due(course: Course) -> None:
    run = await running(course)
    await all_of(course, Fail(run, BOOM), QueueDue(), TimePasses(run.job_id, "run_at"), QueueDue())


async def dependency_met(course: Course) -> None:
    first, second = await running(course), await running(course)
    last = await submit(course, first.job_id, second.job_id, input={"job": str(first.job_id), "output": "a.txt"})
    await all_of(course, Succeed(first), Succeed(second))
    assert (await claim(course, last)).input_sha256 == "a" * 64


async def succeed(course: Course) -> None:
    await ended(course)


async def fail_for_good(course: Course) -> None:
    await course.do(Fail(await running(course), BROKEN))
    await course.do(Fail(await running(course, attempts=1), BOOM))


async def back_off(course: Course) -> None:
    await course.do(Fail(await running(course), BOOM))


async def give_back(course: Course) -> None:
    run = await running(course)
    await course.do(GiveBack(run))
    assert (await claim(course, run.job_id)).attempt == run.attempt


async def rescue(course: Course) -> None:
    lost, dropped = await running(course), await running(course)
    await all_of(course, RescueDropped(dropped.lease), Silence(course.workers[0], silent=True), RescueLost())
    assert (await claim(course, lost.job_id)).attempt == lost.attempt + 1
    slow, free = await running(course, timeout_seconds=60), await running(course)
    await all_of(
        course, *(TimePasses(run.job_id, "started_at") for run in (slow, free)), RescueOverdue(), Succeed(slow)
    )
    assert (await claim(course, slow.job_id)).attempt == slow.attempt + 1
    await all_of(course, RescueOverdue(), Succeed(free))


async def rescue_at_last_attempt(course: Course) -> None:
    run = await running(course, attempts=1)
    await submit(course, run.job_id)
    await all_of(course, Silence(course.workers[0], silent=True), RescueLost(), Succeed(run))
    slow = await running(course, attempts=1, timeout_seconds=60)
    await all_of(course, TimePasses(slow.job_id, "started_at"), RescueOverdue())


async def cancel(course: Course) -> None:
    run, queued = await running(course), await submit(course)
    waiting = await submit(course, queued)
    for job_id in (waiting, queued, run.job_id):
        await course.do(Operate(job_id, CANCEL))
    await course.do(Succeed(run))


async def skip(course: Course) -> None:
    queued = await submit(course)
    waiting = await submit(course, queued)
    for job_id in (waiting, queued):
        await course.do(Operate(job_id, SKIP))


async def expire(course: Course) -> None:
    queued = await submit(course, expires_in_seconds=3600)
    waiting = await submit(course, queued, expires_in_seconds=3600)
    await all_of(course, *(TimePasses(job_id, "expires_at") for job_id in (queued, waiting)), ExpireLate())


async def dependency_failed(course: Course) -> None:
    run = await running(course)
    await submit(course, await submit(course, run.job_id, expires_in_seconds=3600))
    await course.do(Fail(run, BROKEN))


async def revive(course: Course) -> None:
    await dependency_failed(course)
    await course.do(Operate(course.jobs[-2], RETRY))  # refused: what it waits for has failed
    await course.do(TimePasses(course.jobs[-2], "expires_at"))
    await all_of(course, Operate(course.runs[-1].job_id, RETRY), ExpireLate())


async def retry(course: Course) -> None:
    await fail_for_good(course)
    await skip(course)
    await expire(course)
    await cancel(course)
    for job_id in course.jobs:
        await course.do(Operate(job_id, RETRY))


async def retry_to_wait(course: Course) -> None:
    first = await submit(course)
    for step in (CANCEL, SKIP):
        job_id = await submit(course, first)
        await all_of(course, Operate(job_id, step), Operate(job_id, RETRY))
    late = await submit(course, first, expires_in_seconds=3600)
    await all_of(course, TimePasses(late, "expires_at"), ExpireLate(), Operate(late, RETRY))


async def delete(course: Course) -> None:
    await retry(course)
    await course.do(Operate(await ended(course), DELETE))
    for job_id in course.jobs:
        await all_of(course, Operate(job_id, CANCEL), Operate(job_id, DELETE))


async def forget(course: Course) -> None:
    job_id = await ended(course)
    await all_of(course, DropOldJobs(), TimePasses(job_id, "finished_at"), DropOldJobs())


async def leading(course: Course, **about: Any) -> Run:
    run = await running(course, **WORK, **about)
    await course.do(Board(run))
    return run


async def follow(course: Course) -> Run:
    leader = await leading(course, attempts=1)
    for _ in range(2):
        await course.do(Board(await running(course, **WORK)))
    return leader


async def answer_at_submit(course: Course) -> None:
    await course.do(Succeed(await leading(course)))
    await submit(course, **WORK)
    await submit(course, **WORK, run_at=datetime.now(UTC) + timedelta(hours=1))


async def answer(course: Course) -> None:
    leader = await leading(course)
    before = await submit(course)
    late = await submit(course, before, **WORK)
    await all_of(course, Succeed(leader), Succeed(await claim(course, before)))
    await course.do(Board(await claim(course, late)))


async def share(course: Course) -> None:
    leader = await follow(course)
    await submit(course, **WORK)
    given = {"job": str(course.jobs[-2]), "output": "a.txt"}
    await submit(course, course.jobs[-1], input=given)
    await course.do(Succeed(leader))


async def share_failure(course: Course) -> None:
    leader = await follow(course)
    await submit(course, course.jobs[-1])
    await course.do(Fail(leader, BROKEN))
    await course.do(Operate(course.jobs[-2], RETRY))


async def take_over(course: Course) -> None:
    leader = await follow(course)
    await course.do(Fail(leader, BOOM))
    heir = await claim(course, course.jobs[-2])
    await all_of(course, Board(heir), Operate(heir.job_id, CANCEL), Operate(course.jobs[-1], CANCEL))


SHOWN: dict[str, Callable[[Course], Awaitable[Any]]] = {
    "submit": submit,
    "submit to wait": submit_to_wait,
    "come due": come_due,
    "dependency met": dependency_met,
    "claim": running,
    "succeed": succeed,
    "fail for good": fail_for_good,
    "back off": back_off,
    "give back": give_back,
    "answer at submit": answer_at_submit,
    "answer": answer,
    "follow": follow,
    "share": share,
    "share failure": share_failure,
    "take over": take_over,
    "rescue": rescue,
    "rescue at last attempt": rescue_at_last_attempt,
    "cancel": cancel,
    "skip": skip,
    "expire": expire,
    "dependency failed": dependency_failed,
    "revive": revive,
    "retry": retry,
    "retry to wait": retry_to_wait,
    "delete": delete,
    "forget": forget,
}


async def test_every_transition_is_what_the_table_says(course: Course) -> None:
    """The reference does what the table says, and after each transaction the rows are compared with it."""
    for step in TRANSITIONS:
        fresh = Course(course.database)
        await fresh.begin()
        await SHOWN[step.name](fresh)
        assert step.name in fresh.reference.took, f"{step.name} was not seen"
    assert set(SHOWN) == {step.name for step in TRANSITIONS}
