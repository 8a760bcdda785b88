"""The waker, with a hook that is a real server: who is called, how often, and what becomes of a call that fails."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select, update

from playhead.database import Database
from playhead.ledger import sweep
from playhead.ledger.claim import claim
from playhead.ledger.submit import submit
from playhead.models import ADMIN_OWNER, Job, Schedule
from playhead.states import State
from tests.cli.server import Answer, Asked, Server, as_json, running
from tests.waking.conftest import SUBMISSION, Yard, soon

LATER = datetime.now(UTC) + timedelta(days=365)


@dataclass
class Receiver:
    """The operator's server: whatever starts workers there."""

    server: Server
    url: str
    calls: asyncio.Queue[Asked] = field(default_factory=asyncio.Queue)

    def answers(self, *answers: Answer | Callable[[Asked], Answer]) -> None:
        loop = asyncio.get_running_loop()

        def told(answer: Answer | Callable[[Asked], Answer]) -> Callable[[Asked], Answer]:
            def give(asked: Asked) -> Answer:
                loop.call_soon_threadsafe(self.calls.put_nowait, asked)
                return answer(asked) if callable(answer) else answer

            return give

        self.server.on("POST /wake", *(told(answer) for answer in answers))

    async def called(self) -> Any:
        """The next call."""
        return (await soon(self.calls)).json


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Server()
    with running(server) as url:
        yield Receiver(server, f"{url}/wake")


async def until(yard: Yard, true: Callable[[Any], bool]) -> Any:
    """The row once this is true of it. The end of a call is written after its answer, and nobody is told of it."""
    await until_armed(yard)
    async with asyncio.timeout(60):
        while not true(wake := await yard.wake()):  # noqa: ASYNC110 - as said
            await asyncio.sleep(0.01)
    return wake


async def test_who_waits_in_vain_wakes_somebody(yard: Yard, receiver: Receiver) -> None:
    receiver.answers(as_json({}, 202))
    async with yard.waker(url=receiver.url, token=SecretStr("open sesame")):
        await yard.submit()
        call = await soon(receiver.calls)
        wake = await until(yard, lambda wake: not wake.pending)
    assert call.json.keys() == {"queue", "waiting", "oldest_age_seconds"}
    assert (call.json["queue"], call.json["waiting"]) == ("gpu", 1)
    assert call.headers["Authorization"] == "Bearer open sesame"
    assert (wake.error, wake.calls) == (None, 1)
    assert wake.called_at is not None


async def test_a_thousand_submits_at_once_are_one_call(yard: Yard, receiver: Receiver) -> None:
    receiver.answers(as_json({}))
    async with yard.waker(url=receiver.url), yard.waker(url=receiver.url), yard.waker(url=receiver.url):
        await until_armed(yard)
        await submit_a_thousand(yard)
        await receiver.called()
        await until(yard, lambda wake: not wake.pending)
        await yard.submit(kind="speak", queue="cpu", input={"text": "words"})
        assert (await receiver.called())["queue"] == "cpu"
    assert (await yard.wake()).calls == 1
    assert len(receiver.server.of("POST /wake")) == 2


async def until_armed(yard: Yard) -> None:
    async with asyncio.timeout(60):
        while not await yard.is_armed():  # noqa: ASYNC110 - nobody is told of that either
            await asyncio.sleep(0.01)


AT_ONCE = 25
"""Transactions that are all open before one of them is committed; each has a connection of its own."""


async def submit_a_thousand(yard: Yard) -> None:
    together, database = asyncio.Barrier(AT_ONCE), Database(yard.database.url, pool_size=AT_ONCE)

    async def submit_some() -> None:
        for _ in range(1000 // AT_ONCE):
            async with database.transaction() as session:
                await submit(session, SUBMISSION)
                await together.wait()

    try:
        await connect(database)
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(submit_some())
    finally:
        await database.close()


async def connect(database: Database) -> None:
    """Fill its pool, one connection after another: each has but five seconds, and a busy server makes few."""
    async with AsyncExitStack() as lent:
        for _ in range(AT_ONCE):
            await lent.enter_async_context(database.engine.connect())


async def test_where_a_worker_lives_nobody_is_called(yard: Yard, receiver: Receiver) -> None:
    receiver.answers(as_json({}))
    await yard.hire(("gpu",))
    async with yard.waker(url=receiver.url):
        await until_armed(yard)
        await yard.submit()
        await yard.submit(kind="speak", queue="cpu", input={"text": "words"})
        assert (await receiver.called())["queue"] == "cpu"
    assert receiver.calls.empty()
    assert (await yard.wake()).calls == 0


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(503, b"no machine is free"), "the address answered 503"),
        (Answer(302, b"", {"Location": "/elsewhere"}), "the address answered 302"),
    ],
)
async def test_after_a_call_that_failed_the_next_submit_wakes_again(
    yard: Yard, receiver: Receiver, answer: Answer, told: str
) -> None:
    receiver.answers(answer, as_json({}))
    async with yard.waker(url=receiver.url):
        await yard.submit()
        assert (await receiver.called())["waiting"] == 1
        failed = await until(yard, lambda wake: wake.error)
        assert (failed.error, failed.pending) == (told, False)
        await yard.submit()
        assert (await receiver.called())["waiting"] == 2
        assert (await until(yard, lambda wake: not wake.pending)).error is None


async def test_after_a_call_that_failed_it_is_tried_again_though_nobody_submits(yard: Yard, receiver: Receiver) -> None:
    receiver.answers(Answer(500), Answer(500), as_json({}))
    async with yard.waker(url=receiver.url, retry_seconds=0.01):
        await yard.submit()
        for _ in range(3):
            await receiver.called()
        await until(yard, lambda wake: wake.calls == 3 and not wake.pending and wake.error is None)


async def test_where_nobody_listens_the_call_has_failed(yard: Yard) -> None:
    with running(Server()) as url:
        gone = f"{url}/wake"
    async with yard.waker(url=gone):
        await yard.submit()
        assert (await until(yard, lambda wake: wake.error)).error == "the address gave no answer (ConnectError)"


async def test_a_hook_that_hangs_holds_up_neither_its_own_process_nor_other_queues(
    yard: Yard, receiver: Receiver
) -> None:
    hung = threading.Event()

    def hang(_: Asked) -> Answer:
        hung.wait(60)
        return as_json({})

    receiver.answers(hang, as_json({}))
    try:
        async with yard.waker(url=receiver.url, timeout_seconds=2):
            await yard.submit()
            assert (await receiver.called())["queue"] == "gpu"
            await yard.submit(kind="speak", queue="cpu", input={"text": "words"})
            assert (await receiver.called())["queue"] == "cpu"
            assert (await until(yard, lambda wake: wake.error)).error == "no end within 2 s"
    finally:
        hung.set()


async def test_a_wish_that_nobody_heard_of_is_called_for(yard: Yard, receiver: Receiver) -> None:
    receiver.answers(as_json({}))
    await yard.arm()
    await yard.submit()
    async with yard.waker(url=receiver.url):
        assert (await receiver.called())["waiting"] == 1


async def test_a_call_whose_process_died_is_made_by_another(yard: Yard, receiver: Receiver) -> None:
    receiver.answers(as_json({}))
    await yard.arm()
    await yard.submit()
    await yard.set_wake(call_id=ADMIN_OWNER, taken_until=func.now() + timedelta(seconds=1))
    async with yard.waker(url=receiver.url):
        await receiver.called()


async def test_a_job_that_comes_due_while_all_sleep_wakes_somebody(yard: Yard, receiver: Receiver) -> None:
    receiver.answers(as_json({}))
    async with yard.waker(url=receiver.url):
        job_id = await yard.submit(run_at=LATER)
        await yard.set_job(job_id, run_at=func.now())
        assert (await receiver.called())["waiting"] == 1


async def test_a_schedule_that_is_due_while_all_sleep_wakes_somebody(yard: Yard, receiver: Receiver) -> None:
    receiver.answers(as_json({}))
    request = {"kind": "transcribe", "input": {"url": "https://example.com/talk.mp3"}}
    async with yard.waker(url=receiver.url):
        async with yard.database.transaction() as session:
            due = Schedule(owner_id=ADMIN_OWNER, cron="0 3 * * *", timezone="UTC", request=request)
            due.next_at = datetime.now(UTC) - timedelta(hours=1)
            session.add(due)
        assert (await receiver.called())["queue"] == "gpu"


async def test_what_a_dead_worker_held_wakes_another(yard: Yard, receiver: Receiver) -> None:
    receiver.answers(as_json({}))
    worker_id = await yard.hire()
    job_id = await yard.submit()
    async with yard.database.transaction() as session:
        assert await claim(session, job_id, worker_id) is not None
    async with yard.waker(url=receiver.url):
        await until_armed(yard)
        await yard.set_worker(worker_id, heartbeat_at=func.now() - timedelta(hours=1))
        assert (await receiver.called())["queue"] == "gpu"
    async with yard.database.transaction() as session:
        job = (await session.scalars(select(Job))).one()
    assert (job.state, job.attempt) == (State.QUEUED, 1)


async def test_a_sweep_that_breaks_keeps_nobody_asleep(
    yard: Yard, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> int:
        raise ZeroDivisionError

    for name in ("expire_late", "rescue_lost", "queue_due"):
        monkeypatch.setattr(sweep, name, broken)
    receiver.answers(as_json({}))
    await yard.submit()
    async with yard.waker(url=receiver.url):
        assert (await receiver.called())["waiting"] == 1


async def test_a_sweep_that_hangs_keeps_nobody_asleep(
    yard: Yard, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(*_: object) -> int:
        await asyncio.Event().wait()
        return 0

    monkeypatch.setattr(sweep, "expire_late", hang)
    receiver.answers(as_json({}))
    await yard.submit()
    async with yard.waker(url=receiver.url):
        assert (await receiver.called())["waiting"] == 1


async def test_while_a_worker_lives_its_housekeeping_is_its_own(yard: Yard, receiver: Receiver) -> None:
    receiver.answers(as_json({}))
    await yard.hire(("cpu",))
    due = await yard.submit(run_at=LATER)
    async with yard.waker(url=receiver.url):
        async with yard.database.transaction() as session:
            await session.execute(update(Job).where(Job.id == due).values(run_at=func.now()))
        await yard.submit()
        assert (await receiver.called())["waiting"] == 1
    async with yard.database.transaction() as session:
        assert await session.scalar(select(Job.state).where(Job.id == due)) == State.WAITING
