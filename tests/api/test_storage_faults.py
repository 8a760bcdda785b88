"""Uploads and downloads while the storage is away, slow or wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import func, select

from playhead.models import Blob, File
from playhead.settings import Settings
from playhead.storage import Storage, opening, reader
from tests.api.conftest import Live, Stand, client_of, recording, serving, standing
from tests.faulty_s3 import Does, answers, cuts_answer, cuts_request, goes_silent, hasty, loses_answer
from tests.tidied import tidied

if TYPE_CHECKING:
    from tests.faulty_s3 import FaultyS3

WAV = recording(2.0)
LARGE = recording(600.0)  # two parts
SLOW_DOWN = answers(503, "SlowDown")


@pytest_asyncio.fixture(loop_scope="session")
async def far(
    settings: Settings,
    s3_url: str,
    s3_proxy: FaultyS3,  # noqa: ARG001 - it sets the endpoint
    monkeypatch: pytest.MonkeyPatch,
) -> Settings:
    """Settings of a service whose storage is a bucket, which is asked twice at most."""
    monkeypatch.setitem(opening.RETRY, "max_retries", 1)
    monkeypatch.setitem(opening.RETRY, "backoff", {"init_backoff": timedelta(milliseconds=5)})
    settings.storage_url = s3_url
    await Storage.from_url(s3_url)._mark()
    return settings


@pytest_asyncio.fixture(loop_scope="session")
async def stand(far: Settings) -> AsyncIterator[Stand]:
    async with standing(far) as stand:
        yield stand


@contextmanager
def in_haste(stand: Stand) -> Iterator[None]:
    """For what has to fail: the service waits for a silent server no longer than a test should."""
    services = stand.services
    stand.app.state.services = replace(services, storage=hasty(services.settings.storage_url))
    yield
    stand.app.state.services = services


async def upload(client: httpx.AsyncClient, data: bytes = WAV) -> httpx.Response:
    return await client.post("/api/v1/files?name=talk.wav", content=data)


async def rows(stand: Stand) -> int:
    async with stand.services.transaction() as session:
        counted = [await session.scalar(select(func.count()).select_from(table)) for table in (Blob, File)]
    return sum(count or 0 for count in counted)


async def objects(stand: Stand) -> set[str]:
    listing = stand.services.storage._store.list_async()
    return {each["path"] async for page in listing for each in page} - {"playhead-storage"}


@pytest.mark.parametrize("data", [WAV, LARGE], ids=["small", "large"])
@pytest.mark.parametrize(
    ("does", "operations"),
    [
        (SLOW_DOWN, ()),
        pytest.param(answers(403, "AccessDenied"), ("PutObject", "CreateMultipartUpload"), marks=pytest.mark.heavy),
        (cuts_request(5), ("PutObject", "UploadPart")),
        (loses_answer, ("PutObject", "CompleteMultipartUpload")),
        pytest.param(SLOW_DOWN, ("HeadObject",), marks=pytest.mark.heavy),
        pytest.param(goes_silent, ("PutObject", "UploadPart"), marks=pytest.mark.heavy),
    ],
)
async def test_an_upload_that_cannot_be_stored_is_to_come_again(
    stand: Stand,
    client: httpx.AsyncClient,
    s3_proxy: FaultyS3,
    does: Does,
    operations: tuple[str, ...],
    data: bytes,
) -> None:
    s3_proxy.breaks(does, *operations)
    with in_haste(stand):
        answer = await upload(client, data)
    assert answer.status_code == 503, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.json()["code"], answer.headers["Retry-After"]) == ("storage_unavailable", "5")
    assert await rows(stand) == 0
    await s3_proxy.heal()
    await tidied()
    await stand.services.storage.sweep_incoming(-60)
    assert not [key for key in await objects(stand) if key.startswith("incoming/")]
    assert (await upload(client, data)).status_code == 201
    await tidied()
    assert (await rows(stand), len(await objects(stand))) == (2, 1)


async def test_a_storage_that_is_away_is_found_again(client: httpx.AsyncClient, s3_proxy: FaultyS3) -> None:
    path = (await upload(client)).headers["Location"]
    await s3_proxy.refuse()
    for answer in (await upload(client, LARGE), await client.get(f"{path}/content")):
        assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
        assert answer.headers["Retry-After"] == "5"
    assert (await client.get(path)).status_code == 200
    await s3_proxy.heal()
    assert (await client.get(f"{path}/content")).content == WAV
    assert (await upload(client, LARGE)).status_code == 201


async def test_a_recording_whose_header_cannot_be_read_in_time_is_stored_all_the_same(
    client: httpx.AsyncClient, s3_proxy: FaultyS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "READ_SECONDS", 0.1)
    s3_proxy.breaks(goes_silent, "GetObject")
    answer = await upload(client)
    assert (answer.status_code, answer.json()["duration_seconds"]) == (201, None)


async def test_a_download_that_is_cut_is_never_taken_for_whole(far: Settings, s3_proxy: FaultyS3) -> None:
    async with serving(far) as live, live.client() as client:
        path = (await upload(client, LARGE)).headers["Location"]
        s3_proxy.breaks(cuts_answer(2_000_000), "GetObject")
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(f"{path}/content")


async def test_a_service_whose_storage_is_silent_answers_all_else(far: Settings, s3_proxy: FaultyS3) -> None:
    async with serving(far) as live:
        await held(live, s3_proxy)


async def held(live: Live, s3_proxy: FaultyS3) -> None:
    async with client_of(live.stand) as client:
        s3_proxy.breaks(goes_silent)
        uploads = [asyncio.create_task(upload(client, WAV + bytes([number]))) for number in range(12)]
        await asyncio.wait_for(s3_proxy.silent.wait(), 20)
        assert (await client.get("/api/v1/jobs")).status_code == 200
        for each in uploads:
            each.cancel()
        await asyncio.wait(uploads, timeout=20)
        assert all(each.cancelled() for each in uploads)
