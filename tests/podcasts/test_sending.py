"""Deliveries: one for each subscriber, by a job of theirs, and as far as that is."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import timedelta

import pytest

from playhead.errors import MailRefusedError, StateConflictError, UrlRejectedError
from playhead.ledger import operate
from playhead.models import Delivery, Job
from playhead.podcasts.telling import deliveries
from playhead.states import FIRST_BASE
from tests.api.pages import lasting, read, shown
from tests.podcasts.newsroom import SUMMARY, Newsroom

MAIL = {"mail": "ann@example.com"}
DONE = {
    "channel": "mail",
    "message_id": "1",
    "recipients": ["ann@example.com"],
    "delivered_at": "2026-11-28T22:00:00Z",
}


async def test_each_subscriber_is_told_by_a_job_of_their_own(newsroom: Newsroom) -> None:
    feed = await newsroom.feed()
    episode = await newsroom.episode(feed, state="ready", summary=SUMMARY)
    ann, bob = await newsroom.subscriber(feed, MAIL), await newsroom.subscriber(feed, {"mail": "bob@example.com"})
    for subscription in (ann, bob):
        await newsroom.delivery(subscription, episode)
    await newsroom.turn()
    jobs = {job.owner_id: job for job in await newsroom.jobs("deliver")}
    assert set(jobs) == {ann.owner_id, bob.owner_id}
    mail = jobs[ann.owner_id].params["mail"]
    assert (mail["to"], mail["subject"]) == (["ann@example.com"], "The Weather: Rain")
    text = jobs[ann.owner_id].input["text"]
    assert text.startswith("# Rain\n\n28 November 2026 · 1:01 · [Listen](<https://example.com/rain>)\n")
    assert "They talk about \\*rain\\*." in text
    assert "- 0:00 Rain" in text


async def test_a_webhook_gets_all_that_is_known(newsroom: Newsroom) -> None:
    feed = await newsroom.feed(url="https://example.com/feed.xml")
    episode = await newsroom.episode(feed, state="ready", summary=SUMMARY)
    await newsroom.delivery(await newsroom.subscriber(feed, {"webhook": "https://example.com/hook"}), episode)
    await newsroom.turn()
    job = await newsroom.job("deliver")
    told = json.loads(job.input["text"])
    assert job.params["webhook"]["url"] == "https://example.com/hook"
    assert told["episode"]["id"] == str(episode.id)
    [page] = shown(read("podcasts.md"), "webhook")
    assert lasting(told) == lasting(page)


async def test_a_delivery_is_as_far_as_its_job(newsroom: Newsroom) -> None:
    delivery = await newsroom.word(MAIL)
    await newsroom.turn()
    assert (await newsroom.again(delivery)).state == "pending"
    run = await newsroom.begin(await newsroom.job("deliver"))
    await newsroom.turn()
    assert (await newsroom.again(delivery)).state == "processing"
    await newsroom.finish(run, DONE)
    await newsroom.turn()
    told = await newsroom.again(delivery)
    assert (told.state, told.error) == ("delivered", None)
    assert told.ended_at is not None


async def test_one_that_failed_says_why_and_can_be_tried_again(newsroom: Newsroom) -> None:
    delivery = await newsroom.word(MAIL)
    await newsroom.turn()
    await newsroom.fail(await newsroom.job("deliver"), MailRefusedError("550 no such user"))
    await newsroom.turn()
    told = await newsroom.again(delivery)
    assert (told.state, told.error["code"]) == ("failed", "mail_refused")
    await newsroom.retry(delivery)
    await newsroom.succeed(await newsroom.job("deliver"), DONE)
    await newsroom.turn()
    assert (await newsroom.again(delivery)).state == "delivered"


async def test_a_job_that_is_retried_by_hand_is_followed(newsroom: Newsroom) -> None:
    delivery = await newsroom.word(MAIL)
    await newsroom.turn()
    await newsroom.fail(await newsroom.job("deliver"), MailRefusedError("550 no such user"))
    await newsroom.turn()
    async with newsroom.database.transaction() as session:
        await operate.retry(session, delivery.owner_id, (await newsroom.job("deliver")).id)
    await newsroom.turn()
    assert (await newsroom.again(delivery)).state == "pending"


async def test_a_job_that_was_deleted_leaves_no_delivery_waiting(newsroom: Newsroom) -> None:
    delivery = await newsroom.word(MAIL)
    await newsroom.turn()
    async with newsroom.database.transaction() as session:
        await session.delete(await session.get(Job, (await newsroom.job("deliver")).id))
    await newsroom.turn()
    told = await newsroom.again(delivery)
    assert (told.state, told.error["code"], told.job_id) == ("failed", "job_deleted", None)
    assert told.ended_at is not None
    await newsroom.retry(delivery)
    await newsroom.turn()
    assert len(await newsroom.jobs("deliver")) == 1


async def test_one_that_cannot_be_sent_is_in_nobodys_way(newsroom: Newsroom) -> None:
    feed = await newsroom.feed()
    episode = await newsroom.episode(feed, state="ready", summary=SUMMARY)
    private = await newsroom.delivery(await newsroom.subscriber(feed, {"webhook": "http://127.0.0.1/"}), episode)
    sound = await newsroom.delivery(await newsroom.subscriber(feed, MAIL), episode)
    await newsroom.turn()
    refused = await newsroom.again(private)
    assert (refused.state, refused.error["code"]) == ("failed", "url_forbidden")
    assert (await newsroom.again(sound)).job_id is not None


async def test_what_is_late_expires_unless_a_digest_is_to_bring_it(newsroom: Newsroom) -> None:
    feed = await newsroom.feed()
    episode = await newsroom.episode(feed)
    by_mail, by_digest = await newsroom.subscriber(feed, MAIL), await newsroom.digested(feed)
    deliveries_ = [await newsroom.delivery(one, episode) for one in (by_mail, by_digest)]
    for delivery in deliveries_:
        await newsroom.late(delivery)
    await newsroom.turn()
    assert [(await newsroom.again(one)).state for one in deliveries_] == ["expired", "expired"]


async def test_what_is_ready_waits_for_its_digest_however_late_that_comes(newsroom: Newsroom) -> None:
    feed = await newsroom.feed()
    episode = await newsroom.episode(feed, state="ready", summary=SUMMARY)
    by_mail, by_digest = await newsroom.subscriber(feed, MAIL), await newsroom.digested(feed)
    deliveries_ = [await newsroom.delivery(one, episode) for one in (by_mail, by_digest)]
    for delivery in deliveries_:
        await newsroom.late(delivery)
    await newsroom.turn()
    assert [(await newsroom.again(one)).state for one in deliveries_] == ["expired", "pending"]
    await newsroom.set_digest(by_digest.owner_id, paused=True)
    await newsroom.turn()
    assert (await newsroom.again(deliveries_[1])).state == "expired"


async def test_its_job_expires_with_it(newsroom: Newsroom) -> None:
    delivery = await newsroom.word(MAIL, days=1)
    await newsroom.turn()
    job = await newsroom.job("deliver")
    assert job.expires_at is not None
    assert abs((job.expires_at - delivery.expires_at).total_seconds()) < 1


async def test_a_validation_goes_before_all_others(newsroom: Newsroom) -> None:
    feed = await newsroom.feed()
    [first, tried] = [await newsroom.episode(feed) for _ in range(2)]
    subscription = await newsroom.subscriber(feed, MAIL)
    await newsroom.delivery(subscription, first)
    await newsroom.delivery(subscription, tried, validation=True)
    await newsroom.turn()
    jobs = await newsroom.jobs("transcribe")
    assert jobs[0].labels["episode"] == str(tried.id)
    assert jobs[0].priority > jobs[1].priority
    for job in jobs:
        await newsroom.succeed(job, {}, transcript_json=b"{}")
    for job in await newsroom.jobs("summarize"):
        await newsroom.succeed(job, SUMMARY)
    await newsroom.turn()
    sent, other = await newsroom.jobs("deliver")
    assert sent.priority > other.priority


async def test_an_episode_that_failed_is_worked_on_again_when_its_delivery_is_retried(newsroom: Newsroom) -> None:
    feed = await newsroom.feed()
    episode = await newsroom.episode(feed)
    delivery = await newsroom.delivery(await newsroom.subscriber(feed, MAIL), episode)
    await newsroom.turn()
    await newsroom.fail(await newsroom.job("transcribe"), UrlRejectedError("the server answers 404"))
    await newsroom.turn()
    assert (await newsroom.again(delivery)).state == "failed"
    await newsroom.retry(delivery)
    await newsroom.turn()
    assert (await newsroom.again(episode)).state == "making"
    assert (await newsroom.again(delivery)).state == "pending"
    assert len(await newsroom.jobs("transcribe")) == 2


async def test_only_what_came_to_nothing_is_tried_again(newsroom: Newsroom) -> None:
    feed = await newsroom.feed()
    episode = await newsroom.episode(feed)
    delivery = await newsroom.delivery(await newsroom.subscriber(feed, MAIL), episode)
    async with newsroom.database.transaction() as session:
        held = await session.get_one(Delivery, delivery.id)
        with pytest.raises(StateConflictError, match="it is pending"):
            await deliveries.retry(session, held, newsroom.requests.settings.podcasts)


async def test_who_unsubscribes_is_told_no_more(newsroom: Newsroom) -> None:
    feed = await newsroom.feed()
    episode = await newsroom.episode(feed, state="ready", summary=SUMMARY)
    subscription = await newsroom.subscriber(feed, MAIL)
    await newsroom.delivery(subscription, episode)
    await newsroom.turn()
    await newsroom.unsubscribe(subscription)
    await newsroom.turn()
    assert (await newsroom.job("deliver")).state == "canceled"
    assert await newsroom.deliveries() == []


async def test_two_who_try_again_at_once_try_once(newsroom: Newsroom) -> None:
    delivery = await newsroom.word(MAIL)
    await newsroom.turn()
    await newsroom.fail(await newsroom.job("deliver"), MailRefusedError("550 no such user"))
    await newsroom.turn()
    came_of_it = await asyncio.gather(*(newsroom.retry(delivery) for _ in range(4)), return_exceptions=True)
    assert [type(one) for one in came_of_it if one].count(StateConflictError) == 3
    await newsroom.turn()
    assert [job.state for job in await newsroom.jobs("deliver")] == ["queued"]


async def test_who_has_another_address_by_now_is_told_there_when_it_is_tried_again(newsroom: Newsroom) -> None:
    feed = await newsroom.feed()
    episode = await newsroom.episode(feed, state="ready", summary=SUMMARY)
    subscription = await newsroom.subscriber(feed, {"mail": "ann@example.con"})
    delivery = await newsroom.delivery(subscription, episode)
    await newsroom.turn()
    await newsroom.fail(await newsroom.job("deliver"), MailRefusedError("550 no such domain"))
    await newsroom.turn()
    await newsroom.change(subscription, notify=MAIL)
    await newsroom.retry(delivery)
    await newsroom.turn()
    first, second = await newsroom.jobs("deliver")
    assert (first.state, second.state, second.params["mail"]["to"]) == ("failed", "queued", ["ann@example.com"])


async def test_a_try_is_refused_where_nothing_could_be_sent(newsroom: Newsroom) -> None:
    feed = await newsroom.feed()
    await newsroom.episode(feed, state="known")
    for subscription in (await newsroom.digested(feed), await newsroom.subscriber(feed, {"digest": True})):
        with pytest.raises(StateConflictError, match="only a feed"):
            await newsroom.validate(subscription)
    assert await newsroom.deliveries() == []


async def test_a_digest_that_is_only_a_feed_by_now_says_so(newsroom: Newsroom) -> None:
    feed = await newsroom.feed()
    episode = await newsroom.episode(feed, state="ready", summary=SUMMARY)
    delivery = await newsroom.delivery(await newsroom.subscriber(feed, {"digest": True}), episode, validation=True)
    await newsroom.turn()
    told = await newsroom.again(delivery)
    assert (told.state, told.error["code"], told.error["field"]) == ("failed", "invalid", "notify")


async def test_a_try_hurries_the_work_that_is_under_way(newsroom: Newsroom) -> None:
    feed = await newsroom.feed()
    subscription = await newsroom.subscriber(feed, MAIL)
    episode = await newsroom.episode(feed)
    await newsroom.delivery(subscription, episode)
    await newsroom.turn()
    await newsroom.validate(subscription)
    assert [job.base_priority for job in await newsroom.jobs()] == [FIRST_BASE, FIRST_BASE]
    assert await newsroom.tickets(await newsroom.job("transcribe")) == [0, FIRST_BASE]
    await newsroom.succeed(await newsroom.job("transcribe"), {}, transcript_json=b"{}")
    assert await newsroom.tickets(await newsroom.job("summarize")) == [FIRST_BASE]


async def test_workers_that_sweep_at_once_while_people_leave_hinder_nobody_and_send_once(newsroom: Newsroom) -> None:
    feed = await newsroom.feed()
    episodes = [await newsroom.episode(feed, state="ready", summary=SUMMARY) for _ in range(4)]
    by_mail = [await newsroom.subscriber(feed, {"mail": f"{number}@example.com"}) for number in range(8)]
    by_digest = [await newsroom.digested(feed, MAIL) for _ in range(8)]
    for subscription in (*by_mail, *by_digest):
        for episode in episodes:
            await newsroom.delivery(subscription, episode)
    newsroom.now += timedelta(days=1)
    gone = [*by_mail[:4], *by_digest[:4]]
    await asyncio.gather(*(newsroom.turn() for _ in range(3)), *(newsroom.unsubscribe(one) for one in gone))
    await newsroom.turn()
    left = {one.owner_id for one in (*by_mail[4:], *by_digest[4:])}
    sent = Counter(job.owner_id for job in await newsroom.jobs("deliver") if job.owner_id in left)
    assert sent == {**{one.owner_id: 4 for one in by_mail[4:]}, **{one.owner_id: 1 for one in by_digest[4:]}}
    assert {one.job_id is None for one in await newsroom.deliveries() if one.owner_id in left} == {False}
