"""Two feeds that turn out to be one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from playhead.asking.requests import Requests
from playhead.models import Delivery, Episode, EpisodeIdentity, Job, Subscription
from playhead.podcasts.telling.sending import send_ready
from tests.podcasts.conftest import TYPES
from tests.podcasts.feeds import item, rss
from tests.podcasts.newsroom import SUMMARY
from tests.podcasts.server import answer, redirect

if TYPE_CHECKING:
    from tests.podcasts.conftest import Desk

OLD, NEW = "/old.xml", "/new.xml"


async def both(desk: Desk, *letters: str) -> None:
    """Serve the same show at both, and ask both."""
    for path in (OLD, NEW):
        desk.serve(answer("200 OK", rss(*map(item, letters))), path)
    await desk.poll()


async def test_subscribers_move_and_no_episode_is_there_twice(desk: Desk) -> None:
    other = await desk.owner("other")
    await desk.subscribe(OLD, newest=2)
    await desk.subscribe(NEW, owner_id=other)
    await both(desk, "c", "b", "a")
    assert len(await desk.episodes()) == 6
    await desk.polled(redirect(NEW), OLD)
    [feed] = await desk.feeds()
    assert feed.url == desk.server.url(NEW)
    assert sorted(map(str, await desk.titles())) == ["a", "b", "c"]
    assert (await desk.deliveries(), await desk.deliveries(other)) == (["b", "c"], ["c"])
    assert await desk.states() == {"a": "known", "b": "wanted", "c": "wanted"}
    await both(desk, "d", "c", "b", "a")
    assert (await desk.deliveries(), await desk.deliveries(other)) == (["b", "c", "d"], ["c", "d"])
    async with desk.database.transaction() as session:
        assert set(await session.scalars(select(EpisodeIdentity.feed_id))) == {feed.id}


async def test_who_subscribed_to_both_is_told_once(desk: Desk) -> None:
    await desk.subscribe(OLD)
    kept = await desk.subscribe(NEW, newest=3)
    await both(desk, "a")
    async with desk.database.transaction() as session:
        old = select(Episode.id).join(Subscription, Subscription.feed_id == Episode.feed_id)
        sent = update(Delivery).where(Delivery.episode_id.in_(old.where(Subscription.newest.is_(None))))
        await session.execute(sent.values(state="delivered"))
    await desk.polled(redirect(NEW), OLD)
    async with desk.database.transaction() as session:
        [told] = await session.scalars(select(Delivery))
        [wish] = await session.scalars(select(Subscription))
    assert (told.state, told.subscription_id, wish.id, wish.newest) == ("delivered", kept.id, kept.id, 3)


async def test_letters_that_wait_to_be_sent_for_both_become_one(desk: Desk) -> None:
    for path in (OLD, NEW):
        await desk.subscribe(path, notify={"mail": "ann@example.com"})
    await both(desk, "a")
    async with desk.database.transaction() as session:
        await session.execute(update(Episode).values(state="ready", summary=SUMMARY))
        await send_ready(session, Requests(TYPES, desk.settings))
    await desk.polled(redirect(NEW), OLD)
    async with desk.database.transaction() as session:
        [told] = await session.scalars(select(Delivery))
        states = {job.id: job.state for job in await session.scalars(select(Job))}
    assert {job_id == told.job_id: state for job_id, state in states.items()} == {True: "queued", False: "canceled"}


async def test_of_two_rows_the_one_that_more_was_made_of_stays(desk: Desk) -> None:
    await desk.subscribe(OLD)
    await desk.subscribe(NEW)
    await both(desk, "b", "a")
    first = (await desk.feed(OLD)).id
    async with desk.database.transaction() as session:
        mine = update(Episode).where(Episode.feed_id == first, Episode.title == "b")
        await session.execute(mine.values(state="ready", summary={"title": "B"}))
    await desk.polled(redirect(NEW), OLD)
    made = {episode.title: episode.summary for episode in await desk.episodes()}
    assert made == {"a": None, "b": {"title": "B"}}


async def test_nobody_misses_what_only_the_other_had(desk: Desk) -> None:
    other = await desk.owner("other")
    await desk.subscribe(OLD)
    await desk.subscribe(NEW, owner_id=other)
    await both(desk, "a")
    desk.serve(answer("200 OK", rss(item("n"), item("a"))), NEW)
    await desk.poll(NEW)
    desk.serve(answer("200 OK", rss(item("o"), item("a"))), OLD)
    await desk.poll(OLD)
    desk.serve(redirect(NEW), OLD)
    desk.serve(answer("200 OK", rss(item("o"), item("n"), item("a"))), NEW)
    await desk.poll(OLD)
    assert sorted(map(str, await desk.titles())) == ["a", "n", "o"]
    assert sorted(map(str, await desk.deliveries(other))) == ["a", "n", "o"]
    assert sorted(map(str, await desk.deliveries())) == ["a", "n", "o"]


async def test_a_feed_that_moves_where_nobody_is_keeps_its_row(desk: Desk) -> None:
    await desk.subscribe(OLD)
    await both(desk, "a")
    before = await desk.feed(OLD)
    await desk.polled(redirect(NEW, "308 Permanent Redirect"), OLD)
    after = await desk.feed(NEW)
    assert (after.id, await desk.titles()) == (before.id, ["a"])
    async with desk.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(Delivery)) == 1
