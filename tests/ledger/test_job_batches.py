from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import event, func, select, text, update

from playhead.errors import (
    IdempotencyMismatchError,
    InvalidError,
    MediaUnreadableError,
    NotFoundError,
    StateConflictError,
)
from playhead.identity import new_id
from playhead.ledger import operate as jobs
from playhead.ledger.batches import operate, read
from playhead.ledger.batches.create import AT_ONCE, BatchSubmission, create
from playhead.ledger.dependents import enqueue_ready
from playhead.ledger.report import Said, report
from playhead.models import ADMIN_OWNER, Batch, Job
from playhead.states import State
from tests.ledger.conftest import BASE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from playhead.ledger.batches.read import BatchView
    from tests.ledger.conftest import Bench


def alike(count: int, **changes: Any) -> BatchSubmission:
    children = [replace(BASE, input={"url": f"https://example.com/{place}.mp3"}, **changes) for place in range(count)]
    digest = str(count).encode()
    return BatchSubmission(ADMIN_OWNER, children, trace_id="trace", kind="transcribe", request_digest=digest)


def chain(count: int) -> BatchSubmission:
    """A graph in which each job works on what the one before it makes."""
    ids = [new_id() for _ in range(count)]
    first = replace(BASE, id=ids[0])
    rest = [
        replace(BASE, id=job_id, input={"job": str(needed), "output": "out.txt"}) for needed, job_id in pairwise(ids)
    ]
    names = {f"step-{place}": job_id for place, job_id in enumerate(ids)}
    return BatchSubmission(ADMIN_OWNER, [first, *rest], trace_id="trace", names=names)


async def do(bench: Bench, what: Callable[..., Awaitable[Any]], *values: Any) -> Any:
    async with bench.database.transaction() as session:
        return await what(session, *values)


@contextmanager
def statements(bench: Bench) -> Iterator[list[str]]:
    """What is executed meanwhile."""
    executed: list[str] = []

    def note(*given: Any) -> None:
        executed.append(given[2])

    event.listen(bench.database.engine.sync_engine, "before_cursor_execute", note)
    yield executed
    event.remove(bench.database.engine.sync_engine, "before_cursor_execute", note)


async def view(bench: Bench, batch_id: UUID) -> BatchView:
    found: BatchView = await do(bench, read.find_batch, ADMIN_OWNER, batch_id)
    return found


async def children(bench: Bench, batch_id: UUID) -> list[UUID]:
    async with bench.database.transaction() as session:
        return list(await session.scalars(select(Job.id).where(Job.parent_id == batch_id).order_by(Job.id)))


async def run_all(bench: Bench, job_ids: list[UUID]) -> None:
    for job_id in job_ids:
        run = await bench.claim(job_id)
        assert run is not None
        await bench.succeed(run)


async def test_all_children_are_queued_with_their_tickets_in_their_order(bench: Bench) -> None:
    batch_id = await do(bench, create, alike(3))
    there = await children(bench, batch_id)
    assert await bench.tickets() == there
    assert [(await bench.job(job_id)).input["url"][-5] for job_id in there] == ["0", "1", "2"]
    found = await view(bench, batch_id)
    assert (found.state, dict(found.counts), found.progress) == (State.QUEUED, {State.QUEUED: 3}, 0.0)
    assert (found.batch.total, found.batch.kind) == (3, "transcribe")


async def test_children_are_in_the_order_of_their_inputs_whatever_clock_made_these(bench: Bench) -> None:
    """Their places in it are the folders of the zip file."""
    ahead = new_id(after=[UUID(int=new_id().int + (60_000 << 80))])
    await bench.submit(id=ahead)
    inputs = [{"job": str(ahead), "output": "a"}, {"url": "https://example.com/1.mp3"}]
    wanted = [replace(BASE, input=given) for given in inputs]
    batch_id = await do(bench, create, BatchSubmission(ADMIN_OWNER, wanted, trace_id="trace"))
    assert [(await bench.job(job_id)).input for job_id in await children(bench, batch_id)] == inputs


async def test_more_children_than_one_statement_takes(bench: Bench) -> None:
    batch_id = await do(bench, create, alike(2500))
    assert dict((await view(bench, batch_id)).counts) == {State.QUEUED: 2500}
    assert len(await bench.tickets()) == 2500


async def test_children_of_one_batch_lock_what_they_need_in_one_order(bench: Bench) -> None:
    first = await bench.submit()
    second = await bench.submit(after=[first])
    later = [replace(BASE, input={"job": str(second), "output": "a"}) for _ in range(AT_ONCE)]
    wanted = BatchSubmission(
        ADMIN_OWNER, [*later, replace(BASE, input={"job": str(first), "output": "a"})], trace_id="trace"
    )
    held = select(Job.id).with_for_update()
    async with bench.database.transaction() as session:
        await session.execute(text("SET LOCAL deadlock_timeout = '60s'"))
        await session.execute(held.where(Job.id == first))
        creating = asyncio.create_task(do(bench, create, wanted))
        await bench.blocked()
        await session.execute(held.where(Job.id == second))
    assert dict((await view(bench, await creating)).counts) == {State.WAITING: AT_ONCE + 1}


async def test_one_wrong_child_and_nothing_is_stored(bench: Bench) -> None:
    wrong = replace(BASE, input={"file": str(new_id())}, input_field="inputs.1")
    with pytest.raises(InvalidError) as refused:
        await do(bench, create, BatchSubmission(ADMIN_OWNER, [BASE, wrong], trace_id="trace"))
    assert refused.value.field == "inputs.1.file"
    async with bench.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(Job)) == 0
        assert await session.scalar(select(func.count()).select_from(Batch)) == 0
    assert await bench.tickets() == []


async def test_state_and_progress_follow_the_children(bench: Bench) -> None:
    batch_id = await do(bench, create, alike(4))
    first, second, third, fourth = await children(bench, batch_id)
    await run_all(bench, [first])
    run = await bench.claim(second)
    assert run is not None
    found = await view(bench, batch_id)
    assert (found.state, found.progress) == (State.RUNNING, 0.25)
    await bench.fail(run, MediaUnreadableError("noise"))
    await do(bench, jobs.cancel, ADMIN_OWNER, third)
    await do(bench, jobs.skip, ADMIN_OWNER, fourth, "not wanted")
    found = await view(bench, batch_id)
    assert (found.state, found.progress) == (State.SUCCEEDED, 1.0)
    assert dict(found.counts) == {
        State.SUCCEEDED: 1,
        State.FAILED: 1,
        State.CANCELED: 1,
        State.SKIPPED: 1,
    }


async def test_progress_does_not_fall_back_because_a_child_ends_while_it_is_counted(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id = await do(bench, create, alike(2))
    run = await bench.claim((await children(bench, batch_id))[0])
    assert run is not None
    async with bench.database.transaction() as session:
        await report(session, run, Said(progress=(0.9, None, None)))
    ending = [run]
    async with bench.database.transaction() as session:
        execute = session.execute

        async def then_end(*given: Any) -> Any:
            found = await execute(*given)
            if ending:
                await bench.succeed(ending.pop())
            return found

        monkeypatch.setattr(session, "execute", then_end)
        assert (await read.find_batch(session, ADMIN_OWNER, batch_id)).progress == pytest.approx(0.45)
    assert (await view(bench, batch_id)).progress == 0.5


async def test_a_child_that_a_person_left_out_is_no_failure(bench: Bench) -> None:
    batch_id = await do(bench, create, alike(3))
    first, second, third = await children(bench, batch_id)
    await run_all(bench, [first])
    await do(bench, jobs.skip, ADMIN_OWNER, second, "a duplicate")
    await do(bench, jobs.cancel, ADMIN_OWNER, third)
    assert (await view(bench, batch_id)).failures == 1
    await do(bench, operate.retry, ADMIN_OWNER, batch_id)
    assert await bench.state(second) is not State.QUEUED
    assert await bench.state(third) == State.QUEUED


async def test_it_failed_when_none_succeeded(bench: Bench) -> None:
    batch_id = await do(bench, create, alike(2))
    first, second = await children(bench, batch_id)
    run = await bench.claim(first)
    assert run is not None
    await bench.fail(run, MediaUnreadableError("noise"))
    await do(bench, jobs.cancel, ADMIN_OWNER, second)
    assert (await view(bench, batch_id)).state is State.FAILED


async def test_the_same_key_gives_the_same_batch_and_refuses_another(bench: Bench) -> None:
    once = replace(alike(2), idempotency_key="one")
    batch_id = await do(bench, create, once)
    assert await do(bench, create, replace(once, trace_id="another")) == batch_id
    with pytest.raises(IdempotencyMismatchError):
        await do(bench, create, replace(alike(3), idempotency_key="one"))
    assert len(await bench.tickets()) == 2


async def test_cancel_reaches_every_child_and_what_waits_for_one(bench: Bench) -> None:
    batch_id = await do(bench, create, alike(3))
    done, running, queued = await children(bench, batch_id)
    outside = await bench.submit(after=[queued])
    await run_all(bench, [done])
    assert await bench.claim(running) is not None
    await do(bench, operate.cancel, ADMIN_OWNER, batch_id)
    assert [await bench.state(one) for one in (done, running, queued, outside)] == [
        State.SUCCEEDED,
        *(State.CANCELED,) * 3,
    ]
    assert (await bench.job(running)).error == {
        "code": "canceled",
        "message": "canceled with its batch, on request",
        "attempt": 1,
    }
    with pytest.raises(StateConflictError):
        await do(bench, operate.cancel, ADMIN_OWNER, batch_id)


async def test_retry_reaches_what_did_not_succeed_but_not_what_was_left_out(bench: Bench) -> None:
    batch_id = await do(bench, create, alike(4))
    done, failed, canceled, skipped = await children(bench, batch_id)
    await run_all(bench, [done])
    run = await bench.claim(failed)
    assert run is not None
    await bench.fail(run, MediaUnreadableError("noise"))
    await do(bench, jobs.cancel, ADMIN_OWNER, canceled)
    await do(bench, jobs.skip, ADMIN_OWNER, skipped, None)
    await do(bench, operate.retry, ADMIN_OWNER, batch_id)
    states = [await bench.state(one) for one in (done, failed, canceled, skipped)]
    assert states == [State.SUCCEEDED, State.QUEUED, State.QUEUED, State.SKIPPED]
    assert ((await bench.job(failed)).attempt, (await bench.job(failed)).error) == (0, None)
    tickets = await bench.tickets()
    assert [tickets.count(one) for one in (done, failed, canceled, skipped)] == [1, 2, 2, 1]


async def test_a_canceled_graph_waits_again_from_its_first_job_on(bench: Bench) -> None:
    wanted = chain(4)
    batch_id = await do(bench, create, wanted)
    ids = await children(bench, batch_id)
    assert (await view(bench, batch_id)).batch.names == {f"step-{n}": str(job_id) for n, job_id in enumerate(ids)}
    await do(bench, operate.cancel, ADMIN_OWNER, batch_id)
    await do(bench, operate.retry, ADMIN_OWNER, batch_id)
    assert [await bench.state(one) for one in ids] == [State.QUEUED, *(State.WAITING,) * 3]
    assert [(await bench.job(one)).waits_for for one in ids] == [0, 1, 1, 1]


@pytest.mark.parametrize("whole", [1, 0], ids=["the batch", "its first job"])
async def test_a_retry_takes_no_more_statements_of_a_longer_graph(bench: Bench, whole: int) -> None:
    """A step for each job, each of which looks at all of them: a graph of a thousand could never be retried."""
    taken = []
    for length in (3, 30):
        wanted = chain(length)
        batch_id = await do(bench, create, wanted)
        first = wanted.children[0].id
        await do(bench, jobs.cancel, ADMIN_OWNER, first)
        with statements(bench) as executed:
            await do(bench, *((operate.retry, ADMIN_OWNER, batch_id) if whole else (jobs.retry, ADMIN_OWNER, first)))
        taken.append(len(executed))
        assert (await view(bench, batch_id)).counts == {State.QUEUED: 1, State.WAITING: length - 1}
    assert taken[0] == taken[1]


async def test_what_fails_cancels_what_waits_for_it_and_its_retry_revives_them(bench: Bench) -> None:
    batch_id = await do(bench, create, chain(3))
    first, *rest = await children(bench, batch_id)
    run = await bench.claim(first)
    assert run is not None
    await bench.fail(run, MediaUnreadableError("noise"))
    assert (await view(bench, batch_id)).state is State.FAILED
    assert {(await bench.job(one)).error["code"] for one in rest} == {"dependency_failed"}  # type: ignore[index]
    await do(bench, jobs.retry, ADMIN_OWNER, first)
    assert [await bench.state(one) for one in (first, *rest)] == [State.QUEUED, State.WAITING, State.WAITING]


async def test_what_was_canceled_with_its_batch_is_retried_by_itself_or_with_its_batch(bench: Bench) -> None:
    """Somebody asked for the end of each of them: none of them ended for the sake of another."""
    batch_id = await do(bench, create, chain(3))
    first, *rest = await children(bench, batch_id)
    await do(bench, operate.cancel, ADMIN_OWNER, batch_id)
    await do(bench, jobs.retry, ADMIN_OWNER, first)
    assert [await bench.state(one) for one in (first, *rest)] == [State.QUEUED, State.CANCELED, State.CANCELED]
    await do(bench, operate.retry, ADMIN_OWNER, batch_id)
    assert [await bench.state(one) for one in (first, *rest)] == [State.QUEUED, State.WAITING, State.WAITING]


async def test_a_cancel_and_what_releases_one_of_its_jobs_do_not_block_each_other(bench: Bench) -> None:
    batch_id = await do(bench, create, chain(2))
    _, second = await children(bench, batch_id)
    async with bench.database.transaction() as session:
        await session.execute(text("SET LOCAL deadlock_timeout = '60s'"))
        await session.execute(update(Job).where(Job.id == second).values(waits_for=0))
        canceling = asyncio.create_task(do(bench, operate.cancel, ADMIN_OWNER, batch_id))
        await bench.blocked()
        # PostgreSQL checks foreign keys anew for a row that the same transaction changed before.
        assert await enqueue_ready(session, [second]) == [second]
    await canceling
    assert (await view(bench, batch_id)).state is State.CANCELED


async def test_nothing_is_retried_where_nothing_failed(bench: Bench) -> None:
    batch_id = await do(bench, create, alike(1))
    with pytest.raises(StateConflictError):
        await do(bench, operate.retry, ADMIN_OWNER, batch_id)


async def test_it_is_forgotten_with_its_children_once_it_has_ended(bench: Bench) -> None:
    batch_id = await do(bench, create, alike(2))
    with pytest.raises(StateConflictError):
        await do(bench, operate.remove, ADMIN_OWNER, batch_id)
    await do(bench, operate.cancel, ADMIN_OWNER, batch_id)
    await do(bench, operate.remove, ADMIN_OWNER, batch_id)
    assert await children(bench, batch_id) == []
    with pytest.raises(NotFoundError):
        await view(bench, batch_id)


async def test_it_is_there_for_its_owner_only(bench: Bench) -> None:
    batch_id = await do(bench, create, alike(1))
    for what in (read.find_batch, operate.cancel, operate.retry, operate.remove):
        with pytest.raises(NotFoundError):
            await do(bench, what, new_id(), batch_id)


async def test_pages_go_from_the_newest_to_the_oldest(bench: Bench) -> None:
    made = [await do(bench, create, alike(1)) for _ in range(3)]
    async with bench.database.transaction() as session:
        page = await read.list_batches(session, ADMIN_OWNER, limit=2)
        rest = await read.list_batches(session, ADMIN_OWNER, limit=2, before=page.next_before)
    assert [found.batch.id for found in (*page.views, *rest.views)] == made[::-1]
    assert rest.next_before is None
