from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, func, text

from playhead.models import Feed
from playhead.podcasts.keeping import find, unsubscribe
from playhead.podcasts.polling import times
from playhead.podcasts.polling.due import AT_ONCE
from tests.http_server import Asked
from tests.podcasts.feeds import item, rss
from tests.podcasts.server import answer, redirect, silent, versioned

if TYPE_CHECKING:
    from tests.http_server import Answer
    from tests.podcasts.conftest import Desk

THREE = rss(item("c"), item("b"), item("a"), title="The show", more="<language>en</language>")


async def test_a_feed_is_read(desk: Desk) -> None:
    await desk.subscribe()
    await desk.polled(answer("200 OK", THREE))
    feed = await desk.feed()
    assert (feed.title, feed.language, feed.failures, feed.error) == ("The show", "en", 0, None)
    assert await desk.titles() == ["c", "b", "a"]
    [first, *_] = await desk.episodes()
    assert (first.enclosure_url, first.media_type, first.state) == (
        "https://cdn.example.com/a.mp3",
        "audio/mpeg",
        "known",
    )


async def test_a_feed_that_is_read_again_has_no_episode_twice(desk: Desk) -> None:
    await desk.subscribe()
    for body in (THREE, THREE, rss(item("d"), item("c"), item("b"))):
        await desk.polled(answer("200 OK", body))
    assert await desk.titles() == ["d", "c", "b", "a"]


@pytest.mark.parametrize(
    "version", [{"etag": '"1"'}, {"etag": 'W/"1"'}, {"modified": "Sun, 01 Mar 2026 08:00:00 GMT"}], ids=str
)
async def test_a_version_that_is_known_is_not_sent_again(version: dict[str, str], desk: Desk) -> None:
    await desk.subscribe()
    await desk.polled(versioned(THREE, **version))
    await desk.poll()
    first, second = desk.server.asked["/feed.xml"]
    assert "if-none-match" not in first.headers
    assert {"if-none-match", "if-modified-since"} & second.headers.keys()
    feed = await desk.feed()
    assert (feed.failures, len(await desk.episodes())) == (0, 3)
    assert feed.next_poll_at is not None


async def test_whoever_subscribes_to_a_feed_that_is_known_gets_its_newest_though_nothing_is_new(desk: Desk) -> None:
    await desk.subscribe()
    await desk.polled(versioned(THREE, etag='"1"'))
    other = await desk.owner("other")
    await desk.subscribe(owner_id=other)
    await desk.poll()
    assert await desk.deliveries(other) == ["c"]


async def test_the_version_of_one_that_was_cut_off_at_its_server_is_not_kept(desk: Desk) -> None:
    await desk.subscribe()
    await desk.polled(versioned(THREE[:-12], etag='"1"'))
    assert (await desk.feed()).etag is None
    assert len(await desk.episodes()) == 3


async def test_a_feed_is_taken_once_until_its_lease_is_over(desk: Desk) -> None:
    await desk.subscribe()
    [due] = await desk.polling.take_due(10)
    assert due.known.url == desk.server.url("/feed.xml")
    assert await desk.polling.take_due(10) == []


async def test_two_polls_of_one_feed_at_once_find_each_episode_once(desk: Desk) -> None:
    await desk.subscribe(newest=3)
    [due] = await desk.polling.take_due(1)
    desk.serve(answer("200 OK", THREE))
    await asyncio.gather(*(desk.polling.poll(due) for _ in range(4)))
    assert await desk.titles() == ["c", "b", "a"]
    assert await desk.deliveries() == ["a", "b", "c"]


async def test_one_that_is_slow_keeps_no_other_waiting(desk: Desk) -> None:
    asked, released = asyncio.Event(), asyncio.Event()
    for number in range(3):
        await desk.subscribe(f"/slow/{number}")
        desk.serve(silent(asked, released), f"/slow/{number}")
    others = [f"/{number}" for number in range(AT_ONCE * 2)]
    left = set(others)

    def last(path: str) -> Answer:
        async def send(_: Asked, writer: asyncio.StreamWriter) -> None:
            await answer("200 OK", THREE)(_, writer)
            left.discard(path)
            if not left:
                released.set()

        return send

    for path in others:
        await desk.subscribe(path)
        desk.serve(last(path), path)
    await asyncio.wait_for(desk.polling.poll_due(), 60)
    assert asked.is_set()
    feeds = {feed.url: feed for feed in await desk.feeds()}
    assert all(feeds[desk.server.url(path)].failures == 0 for path in others)
    assert feeds[desk.server.url("/slow/0")].failures == 1


async def test_a_turn_that_is_broken_off_leaves_the_feed_for_after_its_lease(desk: Desk) -> None:
    asked, released = asyncio.Event(), asyncio.Event()
    await desk.subscribe()
    desk.serve(silent(asked, released))
    turn = asyncio.create_task(desk.polling.poll_due())
    await asyncio.wait_for(asked.wait(), 30)
    turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn
    released.set()
    assert (await desk.feed()).polled_at is None
    await desk.polled(answer("200 OK", THREE))
    assert len(await desk.episodes()) == 3


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (answer("404 Not Found"), "url_rejected"),
        (answer("410 Gone"), "feed_gone"),
        (answer("500 Internal Server Error"), "url_unreachable"),
        (answer("200 OK", b"<html><body>Welcome</body></html>"), "feed_unreadable"),
        (answer("304 Not Modified"), "url_rejected"),
        (redirect("http://127.0.0.1/feed.xml"), "url_forbidden"),
    ],
    ids=["404", "410", "500", "a web page", "304 unasked", "to a private address"],
)
async def test_a_failure_is_told_and_costs_nothing(told: Answer, code: str, desk: Desk) -> None:
    await desk.subscribe()
    await desk.polled(answer("200 OK", THREE))
    for failures in (1, 2):
        await desk.polled(told)
        feed = await desk.feed()
        assert (feed.failures, (feed.error or {}).get("code")) == (failures, code)
    assert len(await desk.episodes()) == 3
    await desk.polled(answer("200 OK", THREE))
    feed = await desk.feed()
    assert (feed.failures, feed.error) == (0, None)


async def test_a_feed_that_nobody_wants_any_more_is_not_asked(desk: Desk) -> None:
    subscription = await desk.subscribe()
    await desk.polled(answer("200 OK", THREE))
    async with desk.database.transaction() as session:
        await unsubscribe(session, await find(session, subscription.owner_id, subscription.id, to_change=True))
    assert (await desk.feed()).next_poll_at is None
    await desk.poll()
    assert len(desk.server.asked["/feed.xml"]) == 1
    await desk.subscribe()
    await desk.poll()
    assert len(desk.server.asked["/feed.xml"]) == 2


async def test_a_feed_whose_last_subscriber_left_while_it_was_asked_is_not_asked_again(desk: Desk) -> None:
    subscription = await desk.subscribe()
    desk.serve(answer("200 OK", THREE))
    [due] = await desk.polling.take_due(1)
    async with desk.database.transaction() as session:
        await unsubscribe(session, await find(session, subscription.owner_id, subscription.id, to_change=True))
    await desk.polling.poll(due)
    assert (await desk.feed()).next_poll_at is None


async def test_a_server_that_says_when_to_come_again_is_heard(desk: Desk) -> None:
    await desk.subscribe()
    await desk.polled(answer("503 Service Unavailable", Retry_After="7200"))
    feed = await desk.feed()
    assert feed.next_poll_at is not None
    assert feed.polled_at is not None
    assert feed.next_poll_at - feed.polled_at >= timedelta(hours=2)


def test_the_times_between_polls() -> None:
    from playhead.errors import FeedGoneError, UrlUnreachableError
    from playhead.settings import PodcastSettings

    settings, day, hour = PodcastSettings(), timedelta(days=1), timedelta(hours=1)
    assert hour <= times.after_success(0, settings) <= 1.1 * hour
    assert 2.4 * hour <= times.after_success(10 * day.total_seconds(), settings) <= 2.7 * hour
    assert 6 * hour <= times.after_success(1000 * day.total_seconds(), settings) <= 6.6 * hour
    error = UrlUnreachableError("")
    assert [times.after_failure(count, error) // timedelta(minutes=5) for count in (1, 2, 3, 9, 99)] == [
        *(1, 2, 4),
        pytest.approx(256, abs=26),
        pytest.approx(288, abs=29),
    ]
    assert times.after_failure(1, UrlUnreachableError("", retry_after_seconds=1e9)) <= 1.1 * day
    assert times.after_failure(1, FeedGoneError("")) >= day


async def test_what_is_future_is_no_newer_than_now(desk: Desk) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=300)
    await desk.subscribe()
    await desk.polled(answer("200 OK", rss(item("b"), item("future", date=f"{tomorrow:%d %b %Y %H:%M:%S GMT}"))))
    assert await desk.deliveries() == ["future"]


async def test_no_more_are_taken_than_there_are_places(desk: Desk) -> None:
    async with desk.database.transaction() as session:
        session.add_all(Feed(url=f"https://example.com/{number}", next_poll_at=func.now()) for number in range(50))

    def plan_a_loop(connection: Any, *_: object) -> None:
        # In which PostgreSQL may do a part of the statement anew for each row.
        for other in ("hashjoin", "mergejoin", "hashagg", "sort", "material"):
            connection.execute(text(f"SET LOCAL enable_{other} = off"))

    event.listen(desk.database.engine.sync_engine, "begin", plan_a_loop)
    assert [len(await desk.polling.take_due(8)) for _ in range(3)] == [8, 8, 8]
