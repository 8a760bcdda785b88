"""What the API does while no worker lives: programs go on, and what they ask for wakes somebody."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import func, update

from playhead.asking.requests import Requests
from playhead.identity import new_id
from playhead.ledger import workers
from playhead.models import Digest
from playhead.programs import Programs
from playhead.schedules.system import TASKS
from playhead.waking.standing_in import StandIn
from tests.podcasts.newsroom import SUMMARY, Newsroom
from tests.stories.conftest import Desk
from tests.waking.conftest import TYPES, Yard

MAIL = {"mail": "ann@example.com"}


@pytest.fixture
def stand_in(yard: Yard) -> StandIn:
    return StandIn(yard.database, yard.storage, Requests(TYPES, yard.settings))


@pytest.fixture
def newsroom(yard: Yard, stand_in: StandIn) -> Newsroom:
    return Newsroom(yard.database, yard.storage, stand_in.requests, new_id(), datetime.now(UTC))


async def once(stand_in: StandIn) -> None:
    """One turn of each."""
    stand_in.begin()
    await stand_in.done()


async def test_word_of_an_episode_is_sent(yard: Yard, newsroom: Newsroom, stand_in: StandIn) -> None:
    await yard.arm()
    feed = await newsroom.feed()
    episode = await newsroom.episode(feed, state="ready", summary=SUMMARY)
    await newsroom.delivery(await newsroom.subscriber(feed, MAIL), episode)
    await once(stand_in)
    assert (await newsroom.job("deliver")).state == "queued"
    assert await yard.wished() == {"io"}


async def test_a_digest_is_issued_at_its_time(yard: Yard, newsroom: Newsroom, stand_in: StandIn) -> None:
    await yard.arm()
    feed = await newsroom.feed()
    subscription = await newsroom.digested(feed, MAIL)
    await newsroom.delivery(subscription, await newsroom.episode(feed, state="ready", summary=SUMMARY))
    async with yard.database.transaction() as session:
        await session.execute(update(Digest).values(next_at=func.now()))
    await once(stand_in)
    await once(stand_in)
    assert (await newsroom.job("deliver")).owner_id == subscription.owner_id
    assert await yard.wished() == {"io"}


async def test_an_entry_whose_jobs_have_ended_is_written_down(yard: Yard, stand_in: StandIn) -> None:
    desk = Desk(yard.database, yard.storage, stand_in.requests, await yard.hire())
    adventure_id = await desk.begin(annotated=False)
    for step in ("tell", "translate", "speak"):
        await desk.end(adventure_id, step)
    await once(stand_in)
    assert (await desk.latest(adventure_id)).status == "pending", "that is for the worker, which lives"
    async with yard.database.transaction() as session:
        await workers.leave(session, desk.worker_id)
    await once(stand_in)
    assert (await desk.latest(adventure_id)).status == "complete"


def test_it_takes_the_turns_of_all_programs_and_of_what_jobs_wait_for(yard: Yard, stand_in: StandIn) -> None:
    programs = Programs(yard.database, yard.storage, yard.settings, lambda: stand_in.requests).their_turns()
    assert stand_in.turns.keys() == {"frozen", "expire", "rescue", "due", *programs}
    assert stand_in.turns.keys() < TASKS.keys()
