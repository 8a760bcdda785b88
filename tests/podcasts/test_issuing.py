"""Digests: one for each period that had news, exactly."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import feedparser
from sqlalchemy import select, update

from playhead.errors import MailRefusedError
from playhead.models import Digest, DigestIssue, Subscription
from playhead.podcasts import digests
from playhead.podcasts.digest_feed import rss
from playhead.podcasts.issuing import issue_due
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


async def test_a_paused_digest_gathers_and_sends_nothing(newsroom: Newsroom) -> None:
    subscription = await newsroom.digested(await newsroom.feed(), MAIL)
    await news(newsroom, subscription)
    await newsroom.set_digest(subscription.owner_id, paused=True)
    await newsroom.at(utc("2026-11-29 02:00"))
    assert await issues(newsroom) == []
    await newsroom.set_digest(subscription.owner_id, paused=False)
    await newsroom.at(utc("2026-11-30 02:00"))
    assert len(await issues(newsroom)) == 1


async def test_one_whose_time_zone_is_gone_is_paused_and_in_no_one_elses_way(newsroom: Newsroom) -> None:
    lost, fine = [await newsroom.digested(await newsroom.feed(), MAIL) for _ in range(2)]
    for subscription in (lost, fine):
        await news(newsroom, subscription)
    async with newsroom.database.transaction() as session:
        gone = update(Digest).where(Digest.owner_id == lost.owner_id).values(timezone="US/Pacific-New")
        await session.execute(gone)
    await newsroom.at(utc("2026-11-29 02:00"))
    assert [issue.owner_id for issue in await issues(newsroom)] == [fine.owner_id]
    assert (await newsroom.digest(lost.owner_id)).next_at is None


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
