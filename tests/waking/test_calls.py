"""Calls: one process makes each, whoever dies; one that failed is rolled back; pauses grow while nothing helps."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func

from playhead.database import now
from playhead.identity import new_id
from playhead.ledger import queues
from playhead.waking import calls, wishing
from playhead.waking.calls import CAP_SECONDS, Call
from tests.waking.conftest import Yard

TIMEOUT_SECONDS = 30.0
RETRY_SECONDS = 100.0


async def take(yard: Yard) -> Call | None:
    async with yard.database.transaction() as session:
        return await calls.take(session, "gpu", new_id(), TIMEOUT_SECONDS)


async def taken(yard: Yard) -> Call:
    call = await take(yard)
    assert call is not None
    return call


async def keep(yard: Yard, call: Call) -> None:
    async with yard.database.transaction() as session:
        await calls.keep(session, call)


async def roll_back(yard: Yard, call: Call) -> None:
    async with yard.database.transaction() as session:
        await calls.roll_back(session, call, "it is Sunday", RETRY_SECONDS)


async def look(yard: Yard) -> set[str]:
    """Look for what waits in vain; the queues with a wish then."""
    async with yard.database.transaction() as session:
        await calls.forget_tries(session)
        await wishing.look(session)
    return await yard.wished()


async def pause_seconds(yard: Yard) -> float:
    """How long from now no look wishes."""
    wake = await yard.wake()
    async with yard.database.transaction() as session:
        assert wake.look_at is not None
        return (wake.look_at - await now(session)).total_seconds()


async def test_a_call_tells_what_waits_and_is_given_to_one(yard: Yard) -> None:
    await yard.arm()
    first = await yard.submit()
    await yard.submit()
    await yard.submit(kind="speak", queue="cpu", input={"text": "words"})
    queued_at = datetime.now(UTC) - timedelta(seconds=90)
    await yard.set_job(first, queued_at=queued_at)
    call = await taken(yard)
    assert (call.queue, call.waiting) == ("gpu", 2)
    called_at = (await yard.wake()).called_at
    assert called_at is not None
    assert call.oldest_age_seconds == (called_at - queued_at).total_seconds()
    assert await take(yard) is None
    async with yard.database.transaction() as session:
        assert list(await calls.open_wishes(session)) == ["cpu"]


async def is_canceled(yard: Yard, job_id: UUID) -> None:
    await yard.set_job(job_id, state="canceled")


async def is_in_a_paused_queue(yard: Yard, _: UUID) -> None:
    async with yard.database.transaction() as session:
        await queues.pause(session, "gpu")


async def has_a_worker(yard: Yard, _: UUID) -> None:
    await yard.hire()


@pytest.mark.parametrize("happens", [is_canceled, is_in_a_paused_queue, has_a_worker])
async def test_nobody_is_called_for_what_waits_in_vain_no_more(
    yard: Yard, happens: Callable[[Yard, UUID], Awaitable[None]]
) -> None:
    await yard.arm()
    await happens(yard, await yard.submit())
    assert await take(yard) is None
    wake = await yard.wake()
    assert (wake.pending, wake.wished_at, wake.calls) == (False, None, 0)


async def test_after_a_call_that_failed_the_next_submit_wishes_again(yard: Yard) -> None:
    await yard.arm()
    await yard.submit()
    await roll_back(yard, await taken(yard))
    wake = await yard.wake()
    assert (wake.pending, wake.error, wake.failures) == (False, "it is Sunday", 1)
    await yard.submit()
    assert await yard.wished() == {"gpu"}
    await keep(yard, await taken(yard))
    wake = await yard.wake()
    assert (wake.pending, wake.error, wake.calls, wake.failures) == (False, None, 2, 1)
    await yard.submit()
    assert await yard.wished() == set()


async def test_without_another_submit_a_look_wishes_again_after_a_pause_that_doubles(yard: Yard) -> None:
    await yard.arm()
    await yard.submit()
    for bound in (RETRY_SECONDS, 2 * RETRY_SECONDS, 4 * RETRY_SECONDS):
        await roll_back(yard, await taken(yard))
        assert await look(yard) == set()
        assert bound / 2 < await pause_seconds(yard) <= bound
        await yard.set_wake(look_at=func.now())
        assert await look(yard) == {"gpu"}
    await yard.set_wake(tries=1000)
    await roll_back(yard, await taken(yard))
    assert CAP_SECONDS - 60 < await pause_seconds(yard) <= CAP_SECONDS


async def test_one_that_was_called_but_did_not_come_is_called_again(yard: Yard) -> None:
    await yard.arm(every_seconds=60)
    await yard.submit()
    await keep(yard, await taken(yard))
    assert await look(yard) == set()
    await yard.set_wake(look_at=func.now(), wished_at=func.now() - timedelta(seconds=61))
    assert await look(yard) == {"gpu"}


async def test_pauses_begin_anew_once_nothing_waits_in_vain(yard: Yard) -> None:
    await yard.arm()
    job_id = await yard.submit()
    await roll_back(yard, await taken(yard))
    await yard.set_job(job_id, state="canceled")
    assert await look(yard) == set()
    wake = await yard.wake()
    assert (wake.tries, wake.look_at) == (0, None)


async def test_a_call_whose_maker_died_is_another_s_once_it_must_be_over(yard: Yard) -> None:
    await yard.arm(every_seconds=60)
    await yard.submit()
    lost = await taken(yard)
    wake = await yard.wake()
    assert wake.taken_until is not None
    assert wake.called_at is not None
    assert wake.taken_until - wake.called_at == timedelta(seconds=60)
    await yard.set_wake(taken_until=func.now() - timedelta(seconds=1))
    mine = await taken(yard)
    await roll_back(yard, lost)
    assert (await yard.wake()).call_id == mine.id, "who was only slow changes nothing any more"
    await keep(yard, mine)
    assert (await yard.wake()).error is None


async def test_a_call_is_not_over_before_its_time_is(yard: Yard) -> None:
    await yard.arm(every_seconds=1)
    await yard.submit()
    await taken(yard)
    wake = await yard.wake()
    assert wake.taken_until is not None
    assert wake.called_at is not None
    assert wake.taken_until - wake.called_at > timedelta(seconds=TIMEOUT_SECONDS)


async def test_to_arm_again_forgets_nothing(yard: Yard) -> None:
    await yard.arm()
    await yard.submit()
    await yard.arm()
    await yard.arm(every_seconds=7)
    wake = await yard.wake()
    assert (wake.pending, wake.every_seconds) == (True, 7)
