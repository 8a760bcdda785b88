from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import httpx
import pytest

from playhead.settings import Settings
from tests.api.conftest import Live, Stand, client_of, recording, serving, submit

FIELDS = {"id", "sha256", "size_bytes", "media_type", "name", "duration_seconds", "created_at", "expires_at"}
WAV = recording(2.0)


async def upload(client: httpx.AsyncClient, name: str = "talk.wav", data: bytes = WAV) -> httpx.Response:
    return await client.post("/api/v1/files", files={"file": (name, data)})


async def test_a_form(client: httpx.AsyncClient) -> None:
    answer = await upload(client, "Vorträge 日本.wav")
    assert answer.status_code == 201, answer.text
    file = answer.json()
    assert set(file) == FIELDS
    assert (file["name"], file["media_type"], file["size_bytes"]) == ("Vorträge 日本.wav", "audio/wav", len(WAV))
    assert (file["sha256"], file["duration_seconds"]) == (hashlib.sha256(WAV).hexdigest(), 2.0)
    kept = datetime.fromisoformat(file["expires_at"]) - datetime.fromisoformat(file["created_at"])
    assert kept == timedelta(days=7)
    assert (await client.get(answer.headers["Location"])).json() == file
    assert (await client.get(f"{answer.headers['Location']}/content")).content == WAV


async def test_a_raw_body(client: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "audio/wav"}
    answer = await client.post("/api/v1/files?name=talk.wav", content=WAV, headers=headers)
    assert (answer.status_code, answer.json()["name"]) == (201, "talk.wav")


async def test_the_same_bytes_are_two_files_and_one_blob(client: httpx.AsyncClient) -> None:
    first, second = (await upload(client)).json(), (await upload(client)).json()
    assert first["id"] != second["id"]
    assert first["sha256"] == second["sha256"]


@pytest.mark.parametrize(
    ("name", "data", "status", "code"),
    [
        ("a.wav", b"", 422, "invalid"),
        ("a.pdf", b"%PDF-1.7 ...", 415, "unsupported_media"),
        ("page.wav", b"<!DOCTYPE html><script>", 415, "unsupported_media"),
        ("a", b"who knows", 415, "unsupported_media"),
    ],
)
async def test_what_is_no_recording_is_refused(
    client: httpx.AsyncClient, name: str, data: bytes, status: int, code: str
) -> None:
    answer = await upload(client, name, data)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (status, code, "file")


@pytest.mark.parametrize("declared", ["audio/\x00", "audio/a b", "audio/ä", "audio/" + "x" * 200])
async def test_a_declared_type_that_no_header_can_hold_is_refused(client: httpx.AsyncClient, declared: str) -> None:
    boundary = b"--b\r\nContent-Disposition: form-data; name=file; filename=a\r\nContent-Type: "
    body = boundary + declared.encode() + b"\r\n\r\nwho knows\r\n--b--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = await client.post("/api/v1/files", content=body, headers=headers)
    assert answer.status_code in {400, 415}, answer.text


async def test_a_form_without_a_file_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/files", files={"flie": ("a.wav", WAV)})
    assert (answer.status_code, answer.json()["field"]) == (422, "file")


async def test_too_large_an_upload_is_refused_announced_or_not(settings: Settings) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield WAV
        yield bytes(100_000)

    small = settings.model_copy(update={"max_upload_bytes": 50_000})
    async with serving(small) as live, live.client() as client:
        announced = await upload(client, data=WAV + bytes(100_000))
        counted = await client.post("/api/v1/files", content=chunks(), headers={"Content-Type": "audio/wav"})
        assert [answer.status_code for answer in (announced, counted)] == [413, 413]
        assert counted.json()["code"] == "too_large"
        assert (await upload(client)).status_code == 201


async def test_a_deleted_file_is_gone_but_a_job_keeps_its_bytes(client: httpx.AsyncClient, stand: Stand) -> None:
    file = (await upload(client)).json()
    job = await submit(client, input={"file": file["id"]})
    assert (await client.delete(f"/api/v1/files/{file['id']}")).status_code == 204
    assert (await client.get(f"/api/v1/files/{file['id']}")).status_code == 404
    assert (await client.delete(f"/api/v1/files/{file['id']}")).status_code == 404
    run = await stand.claim(job["id"])
    assert run.input_sha256 == file["sha256"]
    assert await stand.services.storage.exists(file["sha256"])


async def test_another_owners_file_does_not_exist(client: httpx.AsyncClient, stand: Stand) -> None:
    file_id = (await upload(client)).json()["id"]
    async with client_of(stand, await stand.key("stranger")) as stranger:
        path = f"/api/v1/files/{file_id}"
        tries = [await stranger.get(path), await stranger.get(f"{path}/content"), await stranger.delete(path)]
        assert [answer.status_code for answer in tries] == [404] * 3
        job = {"kind": "transcribe", "input": {"file": file_id}}
        assert (await stranger.post("/api/v1/jobs", json=job)).json()["field"] == "input.file"
    assert (await client.get(f"/api/v1/files/{file_id}")).status_code == 200


async def test_a_large_upload_over_the_wire(live: Live) -> None:
    data = WAV + bytes(30_000_000)

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(data), 65_536):
            yield data[start : start + 65_536]

    async with live.client() as client:
        answer = await client.post("/api/v1/files", content=chunks(), headers={"Content-Type": "audio/wav"})
        assert answer.status_code == 201, answer.text
        assert answer.json()["sha256"] == hashlib.sha256(data).hexdigest()
