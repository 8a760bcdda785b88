from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from playhead.errors import IdempotencyMismatchError, InvalidError
from playhead.identity import new_id
from playhead.ledger import operate
from playhead.ledger.files import add_file
from playhead.ledger.submit import submit
from playhead.models import ADMIN_OWNER, Job
from playhead.states import Priority, State
from playhead.storage import Blob as Stored
from tests.ledger.conftest import BASE

if TYPE_CHECKING:
    from tests.ledger.conftest import Bench


async def test_a_job_and_its_ticket_come_together(bench: Bench) -> None:
    job_id = await bench.submit()
    assert await bench.state(job_id) == State.QUEUED
    assert await bench.tickets() == [job_id]
    assert await bench.history(job_id) == ["queued"]


async def test_a_rollback_leaves_neither(bench: Bench) -> None:
    async with bench.database.transaction() as session:
        await submit(session, BASE)
        await session.rollback()
    assert await bench.tickets() == []
    async with bench.database.transaction() as session:
        assert (await session.scalars(select(Job.id))).all() == []


async def test_a_job_for_later_holds_no_ticket(bench: Bench) -> None:
    job_id = await bench.submit(run_at=datetime.now(UTC) + timedelta(hours=1))
    assert await bench.state(job_id) == State.WAITING
    assert await bench.tickets() == []


async def test_a_time_that_is_over_is_now(bench: Bench) -> None:
    job_id = await bench.submit(run_at=datetime.now(UTC) - timedelta(hours=1))
    assert await bench.tickets() == [job_id]


async def test_tickets_carry_the_priority(bench: Bench) -> None:
    low, urgent = await bench.submit(priority=Priority.LOW), await bench.submit(priority=Priority.URGENT)
    assert await bench.tickets() == [urgent, low]


async def test_the_same_key_gives_the_same_job(bench: Bench) -> None:
    first = await bench.submit(idempotency_key="one")
    assert await bench.submit(idempotency_key="one") == first
    assert await bench.submit(idempotency_key="two") != first


async def test_the_same_key_for_another_request_is_refused(bench: Bench) -> None:
    await bench.submit(idempotency_key="one")
    with pytest.raises(IdempotencyMismatchError):
        await bench.submit(idempotency_key="one", params={"language": "de"})


def test_a_key_of_before_there_were_timeouts_is_known_still() -> None:
    known = "ec6ac66d40f0b4fcfc3acc823557668c9c2b4971ee3af3ef78c9e23d5d652e9c"
    assert BASE.digest().hex() == known
    assert replace(BASE, tiers={"free": 1}, base=950).digest().hex() == known
    assert replace(BASE, timeout_seconds=60).digest().hex() != known


async def test_a_hundred_requests_with_one_key_at_once_make_one_job(bench: Bench) -> None:
    made = await asyncio.gather(*(bench.submit(idempotency_key="one") for _ in range(100)))
    assert len(set(made)) == 1
    assert await bench.tickets() == [made[0]]


async def test_a_key_belongs_to_its_owner(bench: Bench) -> None:
    async with bench.database.transaction() as session:
        from playhead.models import Owner

        other = Owner(id=new_id(), name="other")
        session.add(other)
    first = await bench.submit(idempotency_key="one")
    assert await bench.submit(idempotency_key="one", owner_id=other.id) != first


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"input": {"file": str(new_id())}}, "input.file"),
        ({"input": {"job": str(new_id()), "output": "transcript.txt"}}, "input.job"),
        ({"after": [new_id()]}, "after"),
    ],
)
async def test_what_is_not_there_is_named(bench: Bench, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidError) as caught:
        await bench.submit(**changes)
    assert caught.value.field == field
    assert await bench.tickets() == []


async def test_a_file_whose_time_is_over_is_no_input_though_it_is_not_swept_yet(bench: Bench) -> None:
    async with bench.database.transaction() as session:
        about: dict[str, Any] = {"name": None, "media_type": "audio/wav", "duration_seconds": None}
        blob = Stored("c" * 64, 3)
        file = await add_file(session, owner_id=ADMIN_OWNER, blob=blob, expires_in_seconds=0.000001, **about)
    with pytest.raises(InvalidError) as caught:
        await bench.submit(input={"file": str(file.id)})
    assert caught.value.field == "input.file"


async def test_a_dependency_that_ended_badly_is_refused(bench: Bench) -> None:
    first = await bench.submit()
    async with bench.database.transaction() as session:
        await operate.cancel(session, ADMIN_OWNER, first)
    with pytest.raises(InvalidError, match="canceled"):
        await bench.submit(after=[first])


async def test_an_output_that_was_not_made_is_refused(bench: Bench) -> None:
    run = await bench.running()
    await bench.succeed(run)
    with pytest.raises(InvalidError) as caught:
        await bench.submit(input={"job": str(run.job_id), "output": "nothing.txt"})
    assert caught.value.field == "input.output"
