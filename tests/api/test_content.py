from __future__ import annotations

import hashlib

import httpx
import pytest

from api.content import attachment
from tests.api.conftest import Live, Stand, recording

DATA = bytes(range(256)) * 10_000
SHA256 = hashlib.sha256(DATA).hexdigest()


async def path_of(stand: Stand, client: httpx.AsyncClient, name: str = "a.bin", data: bytes = DATA) -> str:
    job_id = await stand.done(client, [await stand.store(name, data, "application/octet-stream")])
    job = (await client.get(f"/api/v1/jobs/{job_id}")).json()
    return str(job["outputs"][0]["url"])


async def test_the_whole(client: httpx.AsyncClient, stand: Stand) -> None:
    answer = await client.get(await path_of(stand, client))
    assert (answer.status_code, answer.content) == (200, DATA)
    assert answer.headers["ETag"] == f'"{SHA256}"'
    assert answer.headers["Content-Length"] == str(len(DATA))
    assert answer.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        ("bytes=2559999-", 2_559_999, 2_560_000),
        ("bytes=-1", 2_559_999, 2_560_000),
        ("bytes=1000000-99999999999", 1_000_000, 2_560_000),
        ("BYTES=5-5", 5, 6),
    ],
)
async def test_a_range(client: httpx.AsyncClient, stand: Stand, asked: str, start: int, end: int) -> None:
    answer = await client.get(await path_of(stand, client), headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, DATA[start:end])
    assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(DATA)}"
    assert answer.headers["Content-Length"] == str(end - start)


@pytest.mark.parametrize("asked", ["bytes=2560000-", "bytes=9999999999-", "bytes=-0"])
async def test_a_range_outside(client: httpx.AsyncClient, stand: Stand, asked: str) -> None:
    answer = await client.get(await path_of(stand, client), headers={"Range": asked})
    assert (answer.status_code, answer.json()["code"]) == (416, "range_not_satisfiable")
    assert answer.headers["Content-Range"] == f"bytes */{len(DATA)}"


@pytest.mark.parametrize(
    "asked",
    ["bytes=5-1", "bytes=-", "bytes=a-b", "lines=1-2", "bytes=0-1,5-6", "bytes=" + "9" * 30 + "-", "", "bytes=٣-"],
)
async def test_a_range_that_means_nothing_gives_the_whole(client: httpx.AsyncClient, stand: Stand, asked: str) -> None:
    answer = await client.get(await path_of(stand, client), headers={b"Range": asked.encode()})
    assert (answer.status_code, answer.content) == (200, DATA)


async def test_a_suffix_longer_than_the_whole_gives_the_whole(client: httpx.AsyncClient, stand: Stand) -> None:
    answer = await client.get(await path_of(stand, client), headers={"Range": "bytes=-9999999999"})
    assert (answer.status_code, len(answer.content)) == (200, len(DATA))


async def test_a_range_of_something_else_gives_the_whole(client: httpx.AsyncClient, stand: Stand) -> None:
    path = await path_of(stand, client)
    other = await client.get(path, headers={"Range": "bytes=0-0", "If-Range": '"other"'})
    assert (other.status_code, len(other.content)) == (200, len(DATA))
    same = await client.get(path, headers={"Range": "bytes=0-0", "If-Range": f'"{SHA256}"'})
    assert same.status_code == 206


@pytest.mark.parametrize("given", [f'"{SHA256}"', f'W/"{SHA256}"', f'"x", "{SHA256}"', "*"])
async def test_what_the_client_has_is_not_sent(client: httpx.AsyncClient, stand: Stand, given: str) -> None:
    path = await path_of(stand, client)
    answer = await client.get(path, headers={"If-None-Match": given})
    assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", f'"{SHA256}"')
    assert (await client.get(path, headers={"If-None-Match": '"x"'})).status_code == 200


async def test_an_empty_output(client: httpx.AsyncClient, stand: Stand) -> None:
    path = await path_of(stand, client, "empty.txt", b"")
    answer = await client.get(path)
    assert (answer.status_code, answer.content, answer.headers["Content-Length"]) == (200, b"", "0")
    assert (await client.get(path, headers={"Range": "bytes=0-"})).status_code == 416


@pytest.mark.parametrize("name", ["résumé 日本.txt", 'a"b;c.txt', "100%.txt", "a#b?c.txt", "a\u202etxt.exe"])
async def test_names_in_any_script(client: httpx.AsyncClient, stand: Stand, name: str) -> None:
    answer = await client.get(await path_of(stand, client, name, b"x"))
    assert (answer.status_code, answer.content) == (200, b"x"), answer.text
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")


def test_a_disposition_is_ascii_and_keeps_the_name() -> None:
    assert attachment("talk.srt") == 'attachment; filename="talk.srt"'
    told = attachment('日本"\r\nX: y\ud800.srt')
    assert told.isascii()
    assert told.isprintable()
    assert "filename*=UTF-8''%E6%97%A5%E6%9C%AC%22%0D%0AX" in told


async def test_nothing_uploaded_can_run_as_a_page(client: httpx.AsyncClient, stand: Stand) -> None:
    made = await stand.store("a.html", b"<script>alert(1)</script>", "text/html")
    answer = await client.get(f"/api/v1/jobs/{await stand.done(client, [made])}/outputs/a.html")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Disposition"].startswith("attachment")


async def test_lost_bytes_are_told_before_the_answer_begins(client: httpx.AsyncClient, stand: Stand) -> None:
    path = await path_of(stand, client)
    await stand.services.storage.delete(SHA256)
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (422, "input_missing")


async def test_over_the_wire(live: Live) -> None:
    async with live.client() as client:
        made = (await client.post("/api/v1/files", files={"file": ("talk.wav", recording(30))})).json()
        path = f"/api/v1/files/{made['id']}/content"
        whole = await client.get(path)
        assert hashlib.sha256(whole.content).hexdigest() == made["sha256"]
        assert whole.headers["Content-Type"] == "audio/wav"
        part = await client.get(path, headers={"Range": "bytes=44-143"})
        assert (part.status_code, part.content) == (206, whole.content[44:144])
