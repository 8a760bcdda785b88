"""The client: what it repeats, what it does not, and how it goes on after a cut."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from cli.access import Access
from cli.client import Client
from cli.failure import CommandError
from cli.views import News
from tests.cli.server import JOB_ID, KEY, Answer, Server, as_json, events, job, problem, running

EVENTS = f"GET /api/v1/jobs/{JOB_ID}/events"
JOB = f"GET /api/v1/jobs/{JOB_ID}"


@pytest.fixture
def scripted() -> Server:
    return Server()


@pytest.fixture
def url(scripted: Server) -> Iterator[str]:
    with running(scripted) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def client(url: str) -> AsyncIterator[Client]:
    async with Client(Access(url, KEY, chosen=True), patience_seconds=60) as made:
        yield made


async def test_a_submission_is_repeated_under_the_same_key_while_the_server_is_away(
    client: Client, scripted: Server
) -> None:
    away = problem(503, "unavailable", "the database is away")
    scripted.on("POST /api/v1/jobs", away, Answer(202, b'{"id"', cut=True), as_json(job("queued"), 202))
    assert (await client.submit({"kind": "transcribe"}, "key-1")).state == "queued"
    asked = scripted.of("POST /api/v1/jobs")
    assert [one.headers["Idempotency-Key"] for one in asked] == ["key-1"] * 3
    assert [one.json for one in asked] == [{"kind": "transcribe"}] * 3
    assert asked[0].headers["Authorization"] == f"Bearer {KEY}"


async def test_patience_ends_with_what_the_server_said(url: str, scripted: Server) -> None:
    scripted.on(JOB, problem(503, "unavailable", "the database is away"))
    async with Client(Access(url, KEY, chosen=True), patience_seconds=5) as client:
        with pytest.raises(CommandError, match="the database is away"):
            await client.job(JOB_ID)
    assert len(scripted.of(JOB)) > 1


async def test_a_wait_that_is_longer_than_the_patience_is_not_begun(client: Client, scripted: Server) -> None:
    scripted.on(JOB, as_json({"detail": "the quota is used up"}, 429, **{"Retry-After": "3600"}))
    with pytest.raises(CommandError, match="the quota is used up"):
        await client.job(JOB_ID)
    assert len(scripted.of(JOB)) == 1


@pytest.mark.parametrize("said", ["no language 'xx'", "params.language: no language 'xx'"])
async def test_a_refusal_is_not_repeated_and_names_the_field(client: Client, scripted: Server, said: str) -> None:
    scripted.on("POST /api/v1/jobs", problem(422, "invalid", said, field="params.language"))
    with pytest.raises(CommandError, match=r"refuses: params\.language: no language 'xx'"):
        await client.submit({}, "key")
    assert len(scripted.of("POST /api/v1/jobs")) == 1


async def test_a_bad_key_says_what_to_set(client: Client, scripted: Server) -> None:
    scripted.on(JOB, problem(401, "unauthorized", "this key opens nothing"))
    with pytest.raises(CommandError, match="PLAYHEAD_API_KEY"):
        await client.job(JOB_ID)


async def test_another_program_at_the_address_is_noticed(client: Client, scripted: Server) -> None:
    scripted.on(JOB, Answer(body=b"<html>welcome</html>"))
    with pytest.raises(CommandError, match="no Playhead"):
        await client.job(JOB_ID)


async def test_following_goes_on_after_the_last_event_when_the_stream_breaks(client: Client, scripted: Server) -> None:
    first = events(("7", "state", {"state": "running"}), ("8", "segment", {"id": 0, "text": "Hello"}))
    rest = events(("9", "segment", {"id": 1, "text": "there"}), ("10", "state", {"state": "succeeded"}))
    scripted.on(EVENTS, Answer(body=first, cut=True), Answer(body=rest))
    scripted.on(JOB, as_json(job("running")), as_json(job("running")), as_json(job("succeeded")))
    heard: list[News] = []
    assert (await client.follow(JOB_ID, heard.append)).state == "succeeded"
    assert [news.id for news in heard] == ["7", "8", "9", "10"]
    assert [one.headers.get("Last-Event-ID") for one in scripted.of(EVENTS)] == [None, "8"]


async def test_following_does_not_wait_for_a_stream_that_stays_open(client: Client, scripted: Server) -> None:
    # A byte is announced that never comes: whoever waits for the end of this stream waits for ever.
    scripted.on(EVENTS, Answer(body=events(("1", "state", {"state": "failed"})), cut=True))
    scripted.on(JOB, as_json(job("running")), as_json(job("failed")))
    assert (await client.follow(JOB_ID, lambda _: None)).state == "failed"


async def test_without_a_stream_the_job_is_asked_for_with_wait(client: Client, scripted: Server) -> None:
    scripted.on(EVENTS, problem(406, "not_acceptable", "no streams here"))
    scripted.on(JOB, as_json(job("running")), as_json(job("running")), as_json(job("succeeded")))
    assert (await client.follow(JOB_ID, lambda _: None)).state == "succeeded"
    assert [one.query.get("wait") for one in scripted.of(JOB)] == [None, "1", "2"]


async def test_an_upload_sends_the_file_and_tells_how_far_it_is(
    client: Client, scripted: Server, tmp_path: Path
) -> None:
    path = tmp_path / "talk.mp3"
    path.write_bytes(b"x" * 200_000)
    scripted.on("POST /api/v1/files", as_json({"id": "file-1", "size_bytes": 200_000}, 201))
    sent: list[int] = []
    assert (await client.upload(path, sent.append)).id == "file-1"
    (asked,) = scripted.of("POST /api/v1/files")
    assert asked.body.count(b"x" * 200_000) == 1
    assert b'name="file"; filename="talk.mp3"' in asked.body
    assert sent == sorted(sent)
    assert sent[-1] == 200_000
    assert len(sent) > 2


async def test_an_upload_that_failed_starts_from_the_beginning(
    client: Client, scripted: Server, tmp_path: Path
) -> None:
    path = tmp_path / "talk.mp3"
    path.write_bytes(b"sound")
    scripted.on("POST /api/v1/files", problem(503, "unavailable", "away"), as_json({"id": "f", "size_bytes": 5}, 201))
    await client.upload(path, lambda _: None)
    assert [b"sound" in one.body for one in scripted.of("POST /api/v1/files")] == [True, True]
