"""The work on an episode: one graph, whoever is to be told of it, and what it made kept with the episode."""

from __future__ import annotations

from playhead.errors import DocumentUnreadableError, UrlRejectedError
from playhead.ledger.batches import operate
from playhead.models import PODCASTS_OWNER, File
from tests.podcasts.newsroom import SUMMARY, Newsroom

MAIL = {"mail": "ann@example.com"}
VTT = {"url": "https://example.com/rain.vtt", "type": "text/vtt; charset=utf-8"}


async def test_an_episode_is_transcribed_once_and_summarised_however_many_subscribe(newsroom: Newsroom) -> None:
    feed = await newsroom.feed()
    episode = await newsroom.episode(feed)
    for _ in range(3):
        await newsroom.delivery(await newsroom.subscriber(feed, {"digest": True}), episode)
    await newsroom.turn()
    summarize, transcribe = sorted(await newsroom.jobs(), key=lambda job: job.kind)
    assert (transcribe.kind, transcribe.input) == ("transcribe", {"url": "https://example.com/rain.mp3"})
    assert (summarize.kind, summarize.input["job"], summarize.waits_for) == ("summarize", str(transcribe.id), 1)
    assert {summarize.owner_id, transcribe.owner_id} == {PODCASTS_OWNER}
    assert (await newsroom.again(episode)).state == "making"


async def test_what_it_made_outlives_its_jobs(newsroom: Newsroom) -> None:
    episode = await newsroom.episode(await newsroom.feed())
    await newsroom.turn()
    await newsroom.succeed(await newsroom.job("transcribe"), {}, transcript_json=b"{}")
    await newsroom.turn()
    assert (await newsroom.again(episode)).state == "making"
    await newsroom.succeed(await newsroom.job("summarize"), SUMMARY)
    await newsroom.turn()
    made = await newsroom.again(episode)
    async with newsroom.database.transaction() as session:
        await operate.remove(session, PODCASTS_OWNER, made.batch_id)
        file = await session.get(File, made.transcript_file_id)
    assert (made.state, made.summary) == ("ready", SUMMARY)
    assert file is not None
    assert file.expires_at is None
    assert b"".join([chunk async for chunk in await newsroom.storage.read(file.sha256)]) == b"{}"


async def test_the_publishers_transcript_goes_first(newsroom: Newsroom) -> None:
    offered = [{"url": "https://example.com/rain.html", "type": "text/html"}, VTT]
    episode = await newsroom.episode(await newsroom.feed(), transcripts=offered)
    await newsroom.turn()
    [summarize] = await newsroom.jobs()
    assert (summarize.kind, summarize.input) == ("summarize", {"url": VTT["url"]})
    await newsroom.succeed(summarize, SUMMARY)
    await newsroom.turn()
    made = await newsroom.again(episode)
    assert (made.state, made.transcribed, made.transcript_file_id) == ("ready", False, None)


async def test_a_publishers_transcript_that_does_not_serve_is_done_without(newsroom: Newsroom) -> None:
    episode = await newsroom.episode(await newsroom.feed(), transcripts=[VTT])
    await newsroom.turn()
    await newsroom.fail(await newsroom.job("summarize"), DocumentUnreadableError("not one line of it is text"))
    await newsroom.turn()
    made = await newsroom.again(episode)
    assert (made.state, made.transcribed, made.error) == ("making", True, None)
    assert [job.kind for job in await newsroom.jobs("transcribe")] == ["transcribe"]


async def test_one_that_may_not_be_fetched_is_done_without_too(newsroom: Newsroom) -> None:
    private = {"url": "http://127.0.0.1/rain.vtt", "type": "text/vtt"}
    episode = await newsroom.episode(await newsroom.feed(), transcripts=[private])
    await newsroom.turn()
    assert (await newsroom.again(episode)).state == "making"
    assert len(await newsroom.jobs("transcribe")) == 1


async def test_an_episode_that_cannot_be_worked_on_says_why_and_is_in_nobodys_way(newsroom: Newsroom) -> None:
    feed = await newsroom.feed()
    private = await newsroom.episode(feed, enclosure_url="http://127.0.0.1/rain.mp3")
    none = await newsroom.episode(feed, enclosure_url=None)
    sound = await newsroom.episode(feed)
    await newsroom.turn()
    refused = await newsroom.again(private)
    assert (refused.state, refused.error["code"]) == ("failed", "url_forbidden")
    assert (await newsroom.again(none)).state == "failed"
    assert (await newsroom.again(sound)).state == "making"


async def test_the_reason_is_that_of_the_job_that_failed(newsroom: Newsroom) -> None:
    feed = await newsroom.feed()
    episode = await newsroom.episode(feed)
    delivery = await newsroom.delivery(await newsroom.subscriber(feed, {"mail": "a@example.com"}), episode)
    await newsroom.turn()
    await newsroom.fail(await newsroom.job("transcribe"), UrlRejectedError("the server answers 404"))
    await newsroom.turn()
    for row in (await newsroom.again(episode), await newsroom.again(delivery)):
        assert (row.state, row.error["code"]) == ("failed", "url_rejected")
        assert row.error["message"] == "transcribe: the server answers 404"


async def test_jobs_that_were_deleted_are_submitted_anew(newsroom: Newsroom) -> None:
    episode = await newsroom.episode(await newsroom.feed())
    await newsroom.turn()
    batch_id = (await newsroom.again(episode)).batch_id
    async with newsroom.database.transaction() as session:
        await operate.cancel(session, PODCASTS_OWNER, batch_id)
        await operate.remove(session, PODCASTS_OWNER, batch_id)
    await newsroom.turn()
    made = await newsroom.again(episode)
    assert made.state == "making"
    assert made.batch_id != batch_id
    assert [job.state for job in await newsroom.jobs("transcribe")] == ["queued"]


async def test_an_episode_goes_ahead_as_the_best_of_its_subscribers_does(newsroom: Newsroom) -> None:
    feed = await newsroom.feed()
    episodes = [await newsroom.episode(feed) for _ in range(2)]
    free, premium = await newsroom.subscriber(feed, MAIL), await newsroom.subscriber(feed, MAIL, tier="premium")
    for subscription, episode in ((free, episodes[0]), (free, episodes[1]), (premium, episodes[1])):
        await newsroom.delivery(subscription, episode)
    await newsroom.turn()
    priorities = {job.labels["episode"]: job.priority for job in await newsroom.jobs("transcribe")}
    assert [priorities[str(episode.id)] for episode in episodes] == [0, 10]


async def test_a_summary_that_is_none_fails_its_episode_and_keeps_no_other_back(newsroom: Newsroom) -> None:
    feed = await newsroom.feed()
    broken, sound = [await newsroom.episode(feed) for _ in range(2)]
    await newsroom.turn()
    for job in await newsroom.jobs("transcribe"):
        await newsroom.succeed(job, {}, transcript_json=b"{}")
    results = {str(broken.id): {"title": "of another version"}, str(sound.id): SUMMARY}
    for job in await newsroom.jobs("summarize"):
        await newsroom.succeed(job, results[job.labels["episode"]])
    await newsroom.turn()
    failed = await newsroom.again(broken)
    assert (failed.state, failed.error["code"]) == ("failed", "internal")
    assert (await newsroom.again(sound)).state == "ready"
