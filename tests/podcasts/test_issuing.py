"""Digests: one for each period that had news, exactly."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import feedparser
import pytest
from sqlalchemy import func, select

from playhead.delivering.letters import MOST_READ_BYTES
from playhead.errors import MailRefusedError
from playhead.models import Delivery, Digest, DigestIssue, Feed, Subscription
from playhead.podcasts.telling import digests
from playhead.podcasts.telling import news as news_of
from playhead.podcasts.telling.digest_feed import rss
from playhead.podcasts.telling.episodes import Item
from playhead.podcasts.telling.issuing import issue_due
from tests.podcasts.newsroom import SUMMARY, Newsroom

MAIL = {"mail": "ann@example.com"}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


async def news(newsroom: Newsroom, subscription: Subscription, title: str = "Rain") -> None:
    """Have an episode ready that the subscriber is to be told of."""
    async with newsroom.database.transaction() as session:
        feed = await session.get_one(type(await newsroom.feed()), subscription.feed_id)
    episode = await newsroom.episode(feed, state="ready", summary=SUMMARY, title=title)
    await newsroom.delivery(subscription, episode)


async def issues(newsroom: Newsroom) -> list[DigestIssue]:
    async with newsroom.database.transaction() as session:
        return list(await session.scalars(select(DigestIssue).order_by(DigestIssue.id)))


async def test_at_two_at_night_all_that_is_new_comes_in_one_letter(newsroom: Newsroom) -> None:
    subscription = await newsroom.digested(await newsroom.feed(), MAIL)
    for title in ("Rain", "Snow"):
        await news(newsroom, subscription, title)
    await newsroom.at(utc("2026-11-29 01:59:59"))
    assert await newsroom.jobs("deliver") == []
    await newsroom.at(utc("2026-11-29 02:00:00"))
    job = await newsroom.job("deliver")
    assert (job.owner_id, job.params["mail"]["to"]) == (subscription.owner_id, ["ann@example.com"])
    assert job.params["mail"]["subject"] == "Podcast digest, 29 November 2026"
    assert [line for line in job.input["text"].splitlines() if line.startswith("#")] == [
        "# Podcast digest, 29 November 2026",
        "## The Weather",
        *("### Rain", "#### Key points", "#### Chapters"),
        *("### Snow", "#### Key points", "#### Chapters"),
    ]


async def test_who_never_said_when_has_a_digest_by_its_feed_at_two_at_night(newsroom: Newsroom) -> None:
    subscription = await newsroom.subscriber(await newsroom.feed(), {"digest": True})
    await news(newsroom, subscription)
    await newsroom.turn()
    assert (await newsroom.digest(subscription.owner_id)).next_at == utc("2026-11-29 02:00")
    await newsroom.at(utc("2026-11-29 02:00"))
    assert [issue.state for issue in await issues(newsroom)] == ["delivered"]


async def test_a_night_without_news_has_no_digest(newsroom: Newsroom) -> None:
    subscription = await newsroom.digested(await newsroom.feed(), MAIL)
    await newsroom.at(utc("2026-11-29 02:00"))
    assert await issues(newsroom) == []
    await news(newsroom, subscription)
    await newsroom.at(utc("2026-11-30 02:00"))
    [issue] = await issues(newsroom)
    assert issue.due_at == utc("2026-11-30 02:00")


async def test_nothing_is_told_twice(newsroom: Newsroom) -> None:
    subscription = await newsroom.digested(await newsroom.feed(), MAIL)
    await news(newsroom, subscription)
    for day in (29, 30):
        await newsroom.at(utc(f"2026-11-{day} 02:00"))
    assert len(await issues(newsroom)) == 1


async def test_nights_that_were_slept_through_are_one(newsroom: Newsroom) -> None:
    subscription = await newsroom.digested(await newsroom.feed(), MAIL)
    await news(newsroom, subscription)
    await newsroom.at(utc("2026-12-24 18:00"))
    [issue] = await issues(newsroom)
    assert issue.due_at == utc("2026-11-29 02:00")
    assert (await newsroom.digest(subscription.owner_id)).next_at == utc("2026-12-25 02:00")


async def test_workers_that_look_at_once_issue_one(newsroom: Newsroom) -> None:
    subscription = await newsroom.digested(await newsroom.feed(), MAIL)
    await news(newsroom, subscription)

    async def issue() -> int:
        async with newsroom.database.transaction() as session:
            return await issue_due(session, newsroom.requests, utc("2026-11-29 02:00"))

    assert sum(await asyncio.gather(*(issue() for _ in range(4)))) == 1
    assert len(await newsroom.jobs("deliver")) == 1


async def test_a_digest_and_what_is_in_it_are_as_far_as_the_job(newsroom: Newsroom) -> None:
    subscription = await newsroom.digested(await newsroom.feed(), MAIL)
    await news(newsroom, subscription)
    await newsroom.at(utc("2026-11-29 02:00"))
    await newsroom.fail(await newsroom.job("deliver"), MailRefusedError("550 no such user"))
    await newsroom.turn()
    [issue], [delivery] = await issues(newsroom), await newsroom.deliveries()
    assert (issue.state, delivery.state, delivery.issue_id) == ("failed", "failed", issue.id)
    await newsroom.retry(delivery)
    await newsroom.succeed(await newsroom.job("deliver"), {})
    await newsroom.turn()
    [issue], [delivery] = await issues(newsroom), await newsroom.deliveries()
    assert (issue.state, delivery.state) == ("delivered", "delivered")


async def test_one_that_cannot_be_sent_comes_with_the_next_when_tried_again(newsroom: Newsroom) -> None:
    subscription = await newsroom.digested(await newsroom.feed(), {"webhook": "http://127.0.0.1/"})
    await news(newsroom, subscription)
    await newsroom.at(utc("2026-11-29 02:00"))
    [issue], [delivery] = await issues(newsroom), await newsroom.deliveries()
    assert (issue.state, issue.error and issue.error["code"], delivery.state) == ("failed", "url_forbidden", "failed")
    await newsroom.set_digest(subscription.owner_id, notify=MAIL)
    await newsroom.retry(delivery)
    await newsroom.at(utc("2026-11-30 02:00"))
    assert (await newsroom.job("deliver")).params["mail"]["to"] == ["ann@example.com"]


async def test_one_that_is_only_a_feed_is_there_at_once(newsroom: Newsroom) -> None:
    subscription = await newsroom.digested(await newsroom.feed())
    await news(newsroom, subscription, "Rain & <snow>")
    await newsroom.at(utc("2026-11-29 02:00"))
    [issue], [delivery] = await issues(newsroom), await newsroom.deliveries()
    assert (issue.state, delivery.state, await newsroom.jobs("deliver")) == ("delivered", "delivered", [])
    read = feedparser.parse(rss([issue], "https://example.com/feed"))
    assert read.bozo is False
    [entry] = read.entries
    assert (entry.title, entry.id) == ("Podcast digest, 29 November 2026", str(issue.id))
    assert "<h3>Rain &amp; &lt;snow&gt;</h3>" in entry.description
    assert "<h4>Key points</h4>" in entry.description


async def test_a_paused_digest_gathers_and_sends_nothing(newsroom: Newsroom) -> None:
    subscription = await newsroom.digested(await newsroom.feed(), MAIL)
    await news(newsroom, subscription)
    await newsroom.set_digest(subscription.owner_id, paused=True)
    await newsroom.at(utc("2026-11-29 02:00"))
    assert await issues(newsroom) == []
    await newsroom.set_digest(subscription.owner_id, paused=False)
    await newsroom.at(utc("2026-11-30 02:00"))
    assert len(await issues(newsroom)) == 1


@pytest.mark.parametrize(
    ("evening", "hours", "due"),
    [
        ("2027-03-27 20:00", ("00:30", "01:30", "02:30"), "2027-03-28 01:30"),  # The clock leaps over half past two,
        ("2027-10-30 20:00", ("00:30", "01:30", "02:30"), "2027-10-31 00:30"),  # and shows it twice.
    ],
)
async def test_a_change_of_the_clocks_neither_skips_nor_doubles_a_digest(
    newsroom: Newsroom, evening: str, hours: tuple[str, ...], due: str
) -> None:
    newsroom.now = utc(evening)
    subscription = await newsroom.digested(await newsroom.feed(), MAIL)
    await newsroom.set_digest(subscription.owner_id, cron="30 2 * * *", timezone="Europe/Berlin")
    for hour in hours:
        await news(newsroom, subscription)
        await newsroom.at(utc(f"{due[:10]} {hour}"))
    assert [issue.due_at for issue in await issues(newsroom)] == [utc(due)]


async def test_each_has_times_of_their_own(newsroom: Newsroom) -> None:
    subscription = await newsroom.digested(await newsroom.feed(), MAIL)
    await newsroom.set_digest(subscription.owner_id, cron="0 7 * * *", timezone="Europe/Berlin")
    assert (await newsroom.digest(subscription.owner_id)).next_at == utc("2026-11-29 06:00")


async def test_a_feed_with_a_new_address_is_no_more_at_the_old_one(newsroom: Newsroom) -> None:
    subscription = await newsroom.digested(await newsroom.feed())
    before = (await newsroom.digest(subscription.owner_id)).token
    async with newsroom.database.transaction() as session:
        digests.renew(await digests.of_token(session, before))
    after = (await newsroom.digest(subscription.owner_id)).token
    assert len({before, after}) == 2


async def test_one_whose_summary_cannot_be_read_keeps_nothing_else_back(newsroom: Newsroom) -> None:
    feed = await newsroom.feed()
    subscription, other = await newsroom.digested(feed, MAIL), await newsroom.digested(feed, MAIL)
    odd = await newsroom.episode(feed, state="ready", summary={"title": "of another version"})
    broken = await newsroom.delivery(subscription, odd)
    for one in (subscription, other):
        await news(newsroom, one)
    await newsroom.at(utc("2026-11-29 02:00"))
    assert {job.owner_id for job in await newsroom.jobs("deliver")} == {subscription.owner_id, other.owner_id}
    told = await newsroom.again(broken)
    assert (told.state, told.error["code"], told.issue_id) == ("failed", "internal", None)


async def test_one_whose_time_zone_is_gone_comes_as_the_settings_say(newsroom: Newsroom) -> None:
    feed = await newsroom.feed()
    gone, other = await newsroom.digested(feed, MAIL), await newsroom.digested(feed, MAIL)
    for one in (gone, other):
        await news(newsroom, one)
    async with newsroom.database.transaction() as session:
        (await session.get_one(Digest, gone.owner_id)).timezone = "Atlantis/Sunk"
    await newsroom.at(utc("2026-11-29 02:00"))
    assert {job.owner_id for job in await newsroom.jobs("deliver")} == {gone.owner_id, other.owner_id}
    digest = await newsroom.digest(gone.owner_id)
    assert (digest.cron, digest.timezone, digest.next_at) == ("0 2 * * *", "UTC", utc("2026-11-30 02:00"))


async def test_a_clock_that_was_set_back_keeps_nobodys_digest_back(newsroom: Newsroom) -> None:
    feed = await newsroom.feed()
    again, other = await newsroom.digested(feed, MAIL), await newsroom.digested(feed, MAIL)
    await news(newsroom, again)
    await newsroom.at(utc("2026-11-29 02:00"))
    async with newsroom.database.transaction() as session:
        (await session.get_one(Digest, again.owner_id)).next_at = utc("2026-11-29 02:00")
    for one in (again, other):
        await news(newsroom, one, "Snow")
    await newsroom.at(utc("2026-11-30 02:00"))
    assert [issue.owner_id for issue in await issues(newsroom)] == [again.owner_id, other.owner_id]
    await newsroom.at(utc("2026-12-01 02:00"))
    assert [issue.due_at.day for issue in await issues(newsroom) if issue.owner_id == again.owner_id] == [29, 1]


async def test_a_delivery_that_somebody_holds_is_waited_for_by_its_digest_and_by_nobody_else(
    newsroom: Newsroom,
) -> None:
    feed = await newsroom.feed()
    held, other = await newsroom.digested(feed, MAIL), await newsroom.digested(feed, MAIL)
    for one in (held, other):
        await news(newsroom, one)
    first, _ = await newsroom.deliveries()
    async with newsroom.database.transaction() as session:
        await session.get_one(Delivery, first.id, with_for_update=True)
        await newsroom.at(utc("2026-11-29 02:00"))
        assert [issue.owner_id for issue in await issues(newsroom)] == [other.owner_id]
    await newsroom.turn()
    assert {issue.due_at for issue in await issues(newsroom)} == {utc("2026-11-29 02:00")}
    assert len(await newsroom.jobs("deliver")) == 2


async def test_workers_that_begin_digests_for_many_at_once_do_not_wait_for_each_other_for_ever(
    newsroom: Newsroom,
) -> None:
    feed = await newsroom.feed()
    episode = await newsroom.episode(feed, state="ready", summary=SUMMARY)
    for _ in range(30):
        await newsroom.delivery(await newsroom.subscriber(feed, {"digest": True}), episode)

    async def begin() -> None:
        async with newsroom.database.transaction() as session:
            await digests.begin(session, newsroom.requests.settings.podcasts, newsroom.now)

    await asyncio.gather(*(begin() for _ in range(4)))
    async with newsroom.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(Digest)) == 30


async def test_what_has_no_room_in_a_digest_is_named_there_and_the_rest_comes_with_the_next(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscription = await newsroom.digested(await newsroom.feed(), MAIL)
    for number in range(4):
        await news(newsroom, subscription, f"Rain {number}")
    [item, *_] = (await told(newsroom, subscription)).values()
    full, brief = news_of.size_of(item), news_of.size_of(replace(item, is_brief=True))
    monkeypatch.setattr(news_of, "FULL_BYTES", 2 * full)
    monkeypatch.setattr(news_of, "MOST_BYTES", 2 * full + brief)
    await newsroom.at(utc("2026-11-29 02:00"))
    text = (await newsroom.job("deliver")).input["text"]
    assert [number for number in range(4) if f"### Rain {number}\n" in text] == [0, 1, 2]
    assert text.count("They talk about") == 2
    await newsroom.at(utc("2026-11-30 02:00"))
    assert "### Rain 3\n" in (await newsroom.jobs("deliver"))[1].input["text"]


async def told(newsroom: Newsroom, subscription: Subscription) -> Mapping[UUID, Item]:
    async with newsroom.database.transaction() as session:
        return (await news_of.waiting(session, subscription.owner_id)).told


async def test_the_longest_digest_is_still_read_and_not_attached(newsroom: Newsroom) -> None:
    subscription = await newsroom.digested(await newsroom.feed(), MAIL)
    long = {**SUMMARY, "key_points": ["Дождь идёт. " * 20] * 10}
    async with newsroom.database.transaction() as session:
        feed = await session.get_one(Feed, subscription.feed_id)
    for number in range(news_of.MOST_EPISODES):
        episode = await newsroom.episode(feed, state="ready", summary=long, title=f"{number} {'дождь ' * 40}")
        await newsroom.delivery(subscription, episode)
    await newsroom.at(utc("2026-11-29 02:00"))
    assert 0 < len((await newsroom.job("deliver")).input["text"].encode()) < MOST_READ_BYTES
    assert {one.state for one in await newsroom.deliveries()} == {"pending"}
