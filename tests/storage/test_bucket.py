from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from playhead.errors import StorageError
from playhead.storage import Storage, opening
from playhead.storage.bucket import Bucket
from playhead.storage.layout import blob_key
from playhead.storage.opening import open_place
from tests.faulty_s3 import goes_silent
from tests.tidied import tidied

if TYPE_CHECKING:
    from tests.faulty_s3 import FaultyS3
    from tests.s3 import S3Server

DATA = os.urandom(20 * 1024 * 1024)


async def data() -> AsyncIterator[bytes]:
    yield DATA


async def test_a_wrong_secret_is_refused(s3_url: str, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    await Storage.from_url(s3_url).check()
    for name, value in s3_server.environment(secret="wrong").items():
        monkeypatch.setenv(name, value)
    with pytest.raises(StorageError, match="being checked"):
        await Storage.from_url(s3_url).check()


async def test_an_object_too_large_to_copy_is_streamed_to_its_place(s3_url: str) -> None:
    place = open_place(s3_url)
    storage = Storage(Bucket(place.store, place.bulk, place.bulk, copy_limit_bytes=len(DATA) - 1))
    blob = await storage.put(data())
    assert b"".join([chunk async for chunk in await storage.read(blob.sha256)]) == DATA
    await tidied()
    assert await storage.sweep_incoming(-60) == 0


async def endless() -> AsyncIterator[bytes]:
    yield DATA
    await asyncio.Event().wait()


@pytest.mark.parametrize("sent", [data, endless], ids=["all", "not all"])
async def test_a_canceled_upload_leaves_no_unfinished_parts(
    s3_url: str, s3_server: S3Server, s3_proxy: FaultyS3, sent: Callable[[], AsyncIterator[bytes]]
) -> None:
    storage = Storage.from_url(s3_url)
    others = s3_server.unfinished_uploads("playhead")  # Tests of faults share the server, and some must leave theirs.
    # A part that reaches S3 while its upload is being aborted may stay behind: these do not reach it in time.
    s3_proxy.breaks(goes_silent, "UploadPart")
    upload = asyncio.create_task(storage.put(sent()))
    await s3_proxy.silent.wait()
    assert len(s3_server.unfinished_uploads("playhead")) == len(others) + 1
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload
    await s3_proxy.heal()
    await tidied()
    assert s3_server.unfinished_uploads("playhead") == others


async def test_a_download_of_other_bytes_is_not_accepted(s3_url: str, tmp_path: Path) -> None:
    storage = Storage.from_url(s3_url)
    sha256 = hashlib.sha256(b"right").hexdigest()
    await storage._store.put_async(blob_key(sha256), b"wrong")
    with pytest.raises(StorageError, match="other bytes"):
        await storage.download(sha256, tmp_path / "target")
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240 - a test may block


async def test_a_server_that_is_away_is_a_transient_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(opening.RETRY, "max_retries", 1)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    storage = Storage.from_url("s3://playhead/away")
    with pytest.raises(StorageError) as caught:
        await storage.read("a" * 64)
    assert caught.value.transient


async def test_plain_http_needs_an_endpoint_that_says_so(monkeypatch: pytest.MonkeyPatch, s3_url: str) -> None:
    monkeypatch.setitem(opening.RETRY, "max_retries", 1)
    monkeypatch.setenv("AWS_ENDPOINT_URL", os.environ["AWS_ENDPOINT_URL"].replace("http://", "https://"))
    with pytest.raises(StorageError):
        await Storage.from_url(s3_url).check()
