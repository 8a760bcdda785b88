from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.identity import new_id
from playhead.ledger.bulk import submit_bulk
from playhead.ledger.submit import Submission
from playhead.states import TERMINAL
from tests.api.conftest import Stand, client_of, recording

PATH = "/api/v1/bulk"
HEADERS = {"Content-Type": "application/x-ndjson"}


def line(place: int, **changes: Any) -> str:
    return json.dumps({"kind": "transcribe", "input": {"url": f"https://example.com/{place}.mp3"}, **changes})


async def send(client: httpx.AsyncClient, *lines: str) -> dict[str, Any]:
    answer = await client.post(PATH, content="\n".join(lines), headers=HEADERS)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_corpus_becomes_low_priority_jobs(client: httpx.AsyncClient) -> None:
    report = await send(client, *(line(place) for place in range(2500)))
    assert report == {"accepted": 2500, "known": 0, "refused": 0, "errors": []}
    (job,) = (await client.get("/api/v1/jobs", params={"limit": 1})).json()["items"]
    assert (job["priority"], job["state"], job["input"]["url"]) == ("low", "queued", "https://example.com/2499.mp3")


async def test_what_is_known_is_left_out_and_counted(client: httpx.AsyncClient) -> None:
    await send(client, line(1), line(2))
    report = await send(client, line(2), line(3), line(3), line(2, params={"language": "en"}), line(1, priority="high"))
    assert (report["accepted"], report["known"]) == (2, 3)


async def test_work_is_known_in_whatever_order_its_names_are(client: httpx.AsyncClient) -> None:
    terms = [{"a": "1", "b": "2"}, {"b": "2", "a": "1"}]
    work = {"kind": "translate", "input": {"text": "words"}}
    lines = [json.dumps({**work, "params": {"language": "fr", "glossary": glossary}}) for glossary in terms]
    report = await send(client, *lines)
    assert (report["accepted"], report["known"]) == (1, 1)


async def test_the_same_bytes_are_known_whatever_file_they_are(client: httpx.AsyncClient) -> None:
    ids = [(await client.post("/api/v1/files", files={"file": (name, recording())})).json()["id"] for name in "ab"]
    report = await send(client, *(line(0, input={"file": upload}) for upload in ids))
    assert (report["accepted"], report["known"]) == (1, 1)


async def test_a_known_job_is_known_however_it_ended(client: httpx.AsyncClient) -> None:
    await send(client, line(1))
    (job,) = (await client.get("/api/v1/jobs")).json()["items"]
    assert (await client.post(f"/api/v1/jobs/{job['id']}/cancel")).json()["state"] in TERMINAL
    assert (await send(client, line(1)))["known"] == 1


async def test_the_work_of_others_is_not_known(client: httpx.AsyncClient, stand: Stand) -> None:
    await send(client, line(1))
    async with client_of(stand, await stand.key("somebody else")) as other:
        assert (await send(other, line(1)))["accepted"] == 1


async def test_wrong_lines_are_told_by_number_and_keep_none_of_the_others_out(client: httpx.AsyncClient) -> None:
    report = await send(
        client,
        line(1),
        "{",
        "",
        line(4, params={"langage": "en"}),
        line(5, input={"file": str(new_id())}),
        line(6, input={"url": "http://127.0.0.1/a.mp3"}),
        line(7, after=[str(new_id())]),
        line(8),
    )
    assert (report["accepted"], report["known"], report["refused"]) == (2, 0, 5)
    assert [(error["line"], error["code"], error["field"]) for error in report["errors"]] == [
        (2, "malformed", None),
        (4, "invalid", "params.langage"),
        (5, "invalid", "input.file"),
        (6, "url_forbidden", "input.url"),
        (7, "invalid", "after"),
    ]


async def test_only_so_many_errors_are_told(client: httpx.AsyncClient) -> None:
    report = await send(client, *("{}" for _ in range(150)))
    assert (report["refused"], len(report["errors"])) == (150, 100)


async def test_lines_come_in_any_pieces(client: httpx.AsyncClient) -> None:
    whole = "\r\n".join(line(place) for place in range(3)).encode()

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(whole), 7):
            yield whole[start : start + 7]

    answer = await client.post(PATH, content=pieces(), headers=HEADERS)
    assert answer.json()["accepted"] == 3


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"x" * (1024 * 1024 + 1), {}, 413),
        (b"", {"Content-Encoding": "gzip"}, 415),
    ],
)
async def test_what_cannot_be_read_is_refused(
    client: httpx.AsyncClient, content: bytes, headers: dict[str, str], status: int
) -> None:
    assert (await client.post(PATH, content=content, headers=HEADERS | headers)).status_code == status


async def test_a_job_is_skipped_with_the_reason(client: httpx.AsyncClient) -> None:
    await send(client, line(1), line(2))
    first, second = (await client.get("/api/v1/jobs")).json()["items"]
    told = await client.post(f"/api/v1/jobs/{first['id']}/skip", json={"reason": "a duplicate"})
    assert (told.json()["state"], told.json()["error"]["message"]) == ("skipped", "a duplicate")
    untold = await client.post(f"/api/v1/jobs/{second['id']}/skip")
    assert untold.json()["error"]["message"] == "skipped on request"
    assert (await client.post(f"/api/v1/jobs/{first['id']}/skip", json={"why": "x"})).status_code == 422


async def test_nothing_is_told_of_the_jobs_of_others(client: httpx.AsyncClient, stand: Stand) -> None:
    theirs = await stand.done(client, [await stand.store("secret.txt", b"secret", "text/plain")])
    asked = [{"job": theirs, "output": "secret.txt"}, {"job": theirs, "output": "other.txt"}]
    async with client_of(stand, await stand.key("somebody else")) as other:
        report = await send(other, *(line(0, input=source) for source in asked))
    assert [error["message"] for error in report["errors"]] == [f"there is no job {theirs}"] * 2


async def test_long_lines_are_stored_a_few_at_a_time(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored: list[int] = []

    async def note(session: AsyncSession, wanted: Sequence[Submission]) -> list[UUID]:
        stored.append(len(wanted))
        return await submit_bulk(session, wanted)

    monkeypatch.setattr("api.routes.bulk.submit_bulk", note)
    words = "\N{LATIN SMALL LETTER E WITH ACUTE}" * 499_000
    long = [{"kind": "summarize", "input": {"text": f"{place} {words}"}} for place in range(17)]
    report = await send(client, *(json.dumps(body, ensure_ascii=False) for body in long))
    assert (report["accepted"], stored) == (17, [9, 8])


async def test_a_line_that_is_no_json_is_told_where(client: httpx.AsyncClient) -> None:
    (told,) = (await send(client, '{"kind"'))["errors"]
    assert told["message"] == "the body is not JSON: EOF while parsing an object at line 1 column 7"
