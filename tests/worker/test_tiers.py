"""Whose jobs go ahead: those of owners whose tier is worth more, and what somebody waits for before all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import event
from structlog.testing import capture_logs

from playhead import keys, owners
from playhead.asking.requests import Made, Requests, RequestTypes
from playhead.ledger.submit import submit_all
from playhead.registry import kinds
from playhead.states import FIRST_BASE, Priority
from tests.worker.conftest import SUBMISSION
from tests.worker.test_aging import taken

if TYPE_CHECKING:
    from uuid import UUID

    from tests.worker.conftest import House

ASKED: dict[str, Any] = {"kind": "transcribe", "input": {"url": "https://example.com/talk.mp3"}}


async def owner(house: House, name: str, tier: str) -> UUID:
    async with house.database.transaction() as session:
        await keys.create(session, name)
        return (await owners.set_tier(session, name, tier, house.settings.tiers | {tier: 0})).id


async def submit(house: House, owner_id: UUID, **changes: Any) -> UUID:
    return await house.submit(owner_id=owner_id, tiers=house.settings.tiers, **changes)


async def ask(house: House, owner_id: UUID, *bodies: dict[str, Any], base: int | None = None) -> list[Made]:
    requests = Requests(RequestTypes.of(kinds()), house.settings)
    async with house.database.transaction() as session:
        asked = [requests.understand(body) for body in bodies]
        return await requests.submit(session, owner_id, asked, base=base)


async def test_a_premium_job_is_claimed_before_free_ones_that_came_earlier(house: House) -> None:
    house.settings.worker.concurrency = {"gpu": 1}
    free, premium = await owner(house, "fred", "free"), await owner(house, "paula", "premium")
    early = [await submit(house, free) for _ in range(2)]
    late = await submit(house, premium)
    async with house.worker():
        began = {job_id: (await house.ended(job_id)).started_at for job_id in [*early, late]}
    assert sorted(began, key=lambda job_id: began[job_id] or 0) == [late, *early]


async def test_within_a_tier_the_priority_counts_and_stays_what_was_asked_for(house: House) -> None:
    free, premium = await owner(house, "fred", "free"), await owner(house, "paula", "premium")
    order = [
        await submit(house, premium, priority=Priority.URGENT),
        await submit(house, free, priority=Priority.URGENT),
        await submit(house, premium, priority=Priority.LOW),
        await submit(house, free, priority=Priority.LOW),
    ]
    assert await taken(house, 4) == order
    asked = [Priority.of(job.priority - job.base_priority) for job in [await house.job(job_id) for job_id in order]]
    assert asked == [Priority.URGENT, Priority.URGENT, Priority.LOW, Priority.LOW]


async def test_what_somebody_waits_for_goes_ahead_of_every_tier(house: House) -> None:
    free, premium = await owner(house, "fred", "free"), await owner(house, "paula", "premium")
    urgent = await submit(house, premium, priority=Priority.URGENT)
    low = {**ASKED, "priority": "low"}
    [job, batch] = await ask(house, free, low, {"kind": "transcribe", "inputs": [ASKED["input"]]}, base=FIRST_BASE)
    [usual] = await ask(house, free, ASKED)
    normal, *rest = await taken(house, 4)
    assert (await house.job(normal)).parent_id == batch.batch_id
    assert rest == [job.job_id, urgent, usual.job_id]


async def test_a_tier_that_the_operator_removed_counts_for_nothing_and_is_told_of(house: House) -> None:
    gold = await owner(house, "gloria", "gold")
    with capture_logs() as told:
        job_id = await submit(house, gold)
    assert [line["tier"] for line in told if line["event"] == "tier_unknown"] == ["gold"]
    assert (await house.job(job_id)).priority == Priority.NORMAL.rank


async def test_a_thousand_jobs_ask_once_whose_they_are(house: House) -> None:
    asked = list[str]()

    def hear(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.extend([statement] if "owners" in statement else [])

    event.listen(house.database.engine.sync_engine, "before_cursor_execute", hear)
    wanted = replace(SUBMISSION, input=ASKED["input"], tiers=house.settings.tiers)
    async with house.database.transaction() as session:
        made = await submit_all(session, [wanted] * 1000)
    assert (len(made), len(asked)) == (1000, 1)
