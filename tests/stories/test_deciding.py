"""What was chosen leads to one entry, however often and by however many it is said."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from playhead.errors import (
    AlreadyDecidedError,
    EntryFailedError,
    EntryPendingError,
    IdempotencyMismatchError,
    InvalidError,
    NotFoundError,
    PlayheadError,
)
from playhead.identity import new_id
from playhead.models import AdventureEntry, Batch
from playhead.stories import reading
from playhead.stories.steps import TELL, entry_request
from playhead.story import Story
from tests.stories.conftest import story

if TYPE_CHECKING:
    from uuid import UUID

    from tests.stories.conftest import Desk


async def written(desk: Desk) -> UUID:
    adventure_id = await desk.begin()
    await desk.write(adventure_id)
    return adventure_id


async def test_a_decision_starts_the_next_entry_from_what_was_told(desk: Desk) -> None:
    adventure_id = await written(desk)
    entry = await desk.decide(adventure_id, 2)
    assert (entry.number, entry.choice, entry.decision) == (2, 2, "Follow the map.")
    assert (await desk.view(adventure_id)).status == "awaiting_entry"
    job = await desk.job(adventure_id, TELL)
    assert Story.model_validate_json(job.input["text"]) == story(1)
    assert (job.params["choice"], job.params["level"]) == (2, "A1")
    batches = await desk.all(Batch)
    assert [batch.labels for batch in batches] == [
        {"adventure": str(adventure_id), "entry": number} for number in ("1", "2")
    ]


@pytest.mark.parametrize("same", [2, "Follow the map."])
async def test_what_was_decided_is_found_by_the_entry_that_it_was_made_after(same: int | str, desk: Desk) -> None:
    adventure_id = await written(desk)
    first = await desk.decide(adventure_id, 2, after=1)
    assert (await desk.decide(adventure_id, same, after=1)).batch_id == first.batch_id
    await desk.write(adventure_id)
    assert (await desk.decide(adventure_id, same, after=1)).number == 2
    with pytest.raises(AlreadyDecidedError):
        await desk.decide(adventure_id, 1, after=1)
    assert (await desk.decide(adventure_id, 1, after=2)).number == 3


async def test_what_was_decided_is_found_by_its_key(desk: Desk) -> None:
    adventure_id = await written(desk)
    first = await desk.decide(adventure_id, 2, key="k")
    assert (await desk.decide(adventure_id, 2, key="k")).batch_id == first.batch_id
    with pytest.raises(IdempotencyMismatchError):
        await desk.decide(adventure_id, 3, key="k")
    await desk.write(adventure_id)
    assert (await desk.decide(adventure_id, 2, key="k")).number == 2
    assert (await desk.decide(adventure_id, 2, key="other")).number == 3


async def test_decisions_at_the_same_time_make_one_entry(desk: Desk) -> None:
    adventure_id = await written(desk)
    made: list[Any] = await asyncio.gather(
        *(desk.decide(adventure_id, number) for number in (1, 2, 3)), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in made) == ["AdventureEntry", "EntryPendingError", "EntryPendingError"]
    assert len(await desk.all(AdventureEntry)) == len(await desk.all(Batch)) == 2


@pytest.mark.parametrize(
    ("choice", "after", "error", "field"),
    [("Sleep.", None, InvalidError, "choice"), (1, 2, InvalidError, "entry"), (1, 9, InvalidError, "entry")],
)
async def test_what_cannot_be_decided_is_refused(
    choice: int | str, after: int | None, error: type[PlayheadError], field: str, desk: Desk
) -> None:
    adventure_id = await written(desk)
    with pytest.raises(error) as caught:
        await desk.decide(adventure_id, choice, after=after)
    assert caught.value.field == field
    assert len(await desk.all(AdventureEntry)) == 1


async def test_nothing_is_decided_before_there_is_an_entry(desk: Desk) -> None:
    adventure_id = await desk.begin()
    with pytest.raises(EntryPendingError):
        await desk.decide(adventure_id, 1)
    await desk.end(adventure_id, TELL, InvalidError("no"))
    await desk.reconciler.advance()
    with pytest.raises(EntryFailedError):
        await desk.decide(adventure_id, 1)


async def test_adventures_are_listed_with_how_far_they_are(desk: Desk) -> None:
    first, second, third = await written(desk), await desk.begin(), await desk.begin()
    await desk.decide(first, 1)
    async with desk.database.transaction() as session:
        owner_id = (await desk.view(first)).adventure.owner_id
        page = await reading.list_adventures(session, owner_id, limit=2, before=None)
        rest = await reading.list_adventures(session, owner_id, limit=2, before=page.next_before)
        assert [view.adventure.id for view in (*page.rows, *rest.rows)] == [third, second, first]
        assert [view.status for view in rest.rows] == ["awaiting_entry"]
        assert rest.next_before is None
        with pytest.raises(NotFoundError):
            await reading.find(session, new_id(), first)
        with pytest.raises(NotFoundError):
            await reading.find_entry(session, new_id(), first, 1)


async def test_each_step_takes_what_the_first_makes(desk: Desk) -> None:
    adventure = (await desk.view(await desk.begin(voice="en-us", model="m", native_language="pt-BR"))).adventure
    jobs = entry_request(adventure, None, None)["jobs"]
    assert jobs["tell"]["input"] == {"text": "An old house"}
    assert {name: job["params"] for name, job in jobs.items() if name != "tell"} == {
        "speak": {"language": "en", "voice": "en-us", "format": "mp3"},
        "translate": {"language": "pt-BR", "source": "en"},
        "annotate": {"language": "en"},
    }
    assert {str(job["input"]) for name, job in jobs.items() if name != "tell"} == {
        "{'job': 'tell', 'output': 'story.txt'}"
    }
