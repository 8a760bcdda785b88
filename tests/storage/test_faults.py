"""What becomes of storing and reading while an S3 server is away, slow, silent or wrong."""

# ruff: noqa: ASYNC240 - a test may block
from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from playhead.errors import StorageError
from playhead.storage import Blob, Storage, bucket, opening, reader, storage
from playhead.storage.layout import blob_key
from tests.faulty_s3 import (
    Does,
    answers,
    cuts_answer,
    cuts_request,
    garbles,
    goes_silent,
    goes_silent_after,
    hasty,
    loses_answer,
    slows,
)
from tests.tidied import tidied

if TYPE_CHECKING:
    from tests.faulty_s3 import FaultyS3
    from tests.s3 import S3Server

MIB = 1024 * 1024
LARGE = os.urandom(17 * MIB)  # three parts
SMALL = b"a small one"
MANY = 9
"""Retries where a hasty one has to succeed: a server that is only slow may look silent to it now and then."""
SLOW_DOWN = answers(503, "SlowDown")
BROKEN = answers(500, "InternalError")


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(opening.RETRY, "backoff", {"init_backoff": timedelta(milliseconds=5)})
    monkeypatch.setitem(opening.RETRY, "max_retries", 3)


@pytest.fixture
async def s3(s3_url: str, s3_proxy: FaultyS3) -> Storage:  # noqa: ARG001
    """As patient with a silent server as in production: what has to succeed may take its time on a busy machine."""
    storage = Storage.from_url(s3_url)
    await storage._mark()
    return storage


def impatient(url: str, *, retries: int) -> Storage:
    """The same place, for one who is hasty and tries so often again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(opening.RETRY, "max_retries", retries)
        return hasty(url)


async def chunks(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), MIB):
        yield data[start : start + MIB]


def name_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def objects(s3: Storage) -> set[str]:
    found = {each["path"] async for page in s3._store.list_async() for each in page}
    return found - {"playhead-storage"}


PASSING = [
    (SLOW_DOWN, ()),
    (BROKEN, ("CompleteMultipartUpload", "CopyObject")),
    (cuts_request(5), ("PutObject", "UploadPart")),
    (loses_answer, ("PutObject", "UploadPart")),
    (loses_answer, ("CompleteMultipartUpload",)),
    (loses_answer, ("CopyObject",)),
    (goes_silent, ("PutObject", "UploadPart")),
]
LASTING = [
    (SLOW_DOWN, ()),
    (answers(403, "AccessDenied"), ()),
    (cuts_request(5), ("PutObject", "UploadPart")),
    (BROKEN, ("CompleteMultipartUpload", "CopyObject")),
    (loses_answer, ("PutObject", "UploadPart")),
    (goes_silent, ("UploadPart", "PutObject")),
    (goes_silent, ("CompleteMultipartUpload", "CopyObject")),
]


@pytest.mark.parametrize("data", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize(("does", "operations"), PASSING)
async def test_a_fault_that_passes_is_not_noticed(
    s3: Storage, s3_url: str, s3_proxy: FaultyS3, does: Does, operations: tuple[str, ...], data: bytes
) -> None:
    storage = impatient(s3_url, retries=MANY) if does is goes_silent else s3
    fault = s3_proxy.breaks(does, *operations, times=2)
    blob = await storage.put(chunks(data))
    assert fault.done == 2 or not {*operations} & {*s3_proxy.asked}
    assert b"".join([chunk async for chunk in await s3.read(blob.sha256)]) == data
    await tidied()
    assert await objects(s3) == {blob_key(blob.sha256)}


@pytest.mark.parametrize("data", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize(("does", "operations"), LASTING)
async def test_a_fault_that_lasts_stores_nothing_and_is_transient(
    s3: Storage,
    s3_url: str,
    s3_proxy: FaultyS3,
    does: Does,
    operations: tuple[str, ...],
    data: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    s3_proxy.breaks(does, *operations)
    with monkeypatch.context() as patch:
        patch.setattr(bucket, "COPY_SECONDS", 1.0)
        with pytest.raises(StorageError) as caught:
            await impatient(s3_url, retries=1).put(chunks(data))
    assert (caught.value.transient, caught.value.retry_after_seconds) == (True, 5)
    await s3_proxy.heal()
    await tidied()
    await s3.sweep_incoming(-60)  # what could not be cleared up while the server was away
    assert await objects(s3) <= {blob_key(name_of(data))}  # a copy may have been made all the same
    await s3.put(chunks(data))
    assert b"".join([chunk async for chunk in await s3.read(name_of(data))]) == data


async def test_a_server_that_is_away_is_found_out_and_found_again(s3: Storage, s3_proxy: FaultyS3) -> None:
    await s3_proxy.refuse()
    for use in (s3.put_bytes(SMALL), s3.read(name_of(SMALL)), s3.exists(name_of(SMALL)), s3.sweep_incoming(0)):
        with pytest.raises(StorageError):
            await use
    await s3_proxy.heal()
    assert await s3.put_bytes(SMALL) == Blob(name_of(SMALL), len(SMALL))


@pytest.mark.parametrize(
    "operation", ["CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload", "CopyObject", "PutObject"]
)
async def test_a_server_that_went_silent_holds_nobody_who_is_canceled(
    s3: Storage, s3_proxy: FaultyS3, operation: str
) -> None:
    s3_proxy.breaks(goes_silent, operation)
    upload = asyncio.create_task(s3.put(chunks(SMALL if operation == "PutObject" else LARGE)))
    await asyncio.wait_for(s3_proxy.silent.wait(), 20)
    s3_proxy.breaks(goes_silent)  # now for all, clearing up included
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(upload, 10)
    await s3_proxy.heal()
    await tidied()


async def test_a_download_that_went_silent_holds_nobody_who_is_canceled(
    s3: Storage, s3_proxy: FaultyS3, tmp_path: Path
) -> None:
    blob = await s3.put(chunks(LARGE))
    s3_proxy.breaks(goes_silent_after(3 * MIB), "GetObject")
    download = asyncio.create_task(s3.download(blob.sha256, tmp_path / "target"))
    await asyncio.wait_for(s3_proxy.silent.wait(), 20)
    download.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(download, 10)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("does", [SLOW_DOWN, goes_silent, cuts_answer(3 * MIB), goes_silent_after(3 * MIB)])
async def test_a_download_goes_on_after_a_fault_that_passes(
    s3: Storage, s3_url: str, s3_proxy: FaultyS3, does: Does, tmp_path: Path
) -> None:
    blob = await s3.put(chunks(LARGE))
    fault = s3_proxy.breaks(does, "GetObject", times=2)
    await impatient(s3_url, retries=MANY).download(blob.sha256, tmp_path / "target")
    assert fault.done == 2
    assert (tmp_path / "target").read_bytes() == LARGE


@pytest.mark.parametrize("does", [SLOW_DOWN, goes_silent, cuts_answer(99), goes_silent_after(MIB), garbles])
async def test_a_download_that_fails_leaves_no_file_and_is_transient(
    s3: Storage, s3_url: str, s3_proxy: FaultyS3, does: Does, tmp_path: Path
) -> None:
    blob = await s3.put(chunks(LARGE))
    s3_proxy.breaks(does, "GetObject")
    with pytest.raises(StorageError) as caught:
        await impatient(s3_url, retries=1).download(blob.sha256, tmp_path / "target")
    assert caught.value.retry_after_seconds == 5
    assert list(tmp_path.iterdir()) == []


async def test_what_is_slow_but_moves_is_waited_for(
    s3: Storage, s3_url: str, s3_proxy: FaultyS3, tmp_path: Path
) -> None:
    blob = await s3.put(chunks(LARGE))
    s3_proxy.breaks(slows(0.02), "GetObject")
    loop = asyncio.get_running_loop()
    began = loop.time()
    await impatient(s3_url, retries=0).download(blob.sha256, tmp_path / "target")
    assert loop.time() - began > 4  # longer than silence would have been waited for
    assert s3_proxy.asked.count("GetObject") == 1  # one that was cut off would go on in another
    assert (tmp_path / "target").read_bytes() == LARGE


async def test_a_disk_that_is_full_under_a_download_is_the_storage_failing(s3: Storage, tmp_path: Path) -> None:
    blob = await s3.put_bytes(SMALL)
    with pytest.raises(StorageError, match="local copy"):
        await s3.download(blob.sha256, tmp_path / "no such folder" / "target")


async def test_a_reader_holds_its_thread_for_seconds_only(
    s3: Storage, s3_proxy: FaultyS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "READ_SECONDS", 0.2)
    blob = await s3.put_bytes(SMALL)
    opened = await s3.open_reader(blob.sha256, budget_bytes=MIB)
    s3_proxy.breaks(goes_silent)
    with pytest.raises(StorageError, match="in time"):
        await asyncio.to_thread(opened.read)


async def test_what_was_stored_can_be_made_sure_of(
    s3: Storage, s3_proxy: FaultyS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = await s3.put_bytes(SMALL)
    await s3.confirm([blob])
    for wrong in (Blob(name_of(b"never"), 5), Blob(blob.sha256, 5)):
        with pytest.raises(StorageError):
            await s3.confirm([blob, wrong])
    monkeypatch.setattr(storage, "CONFIRM_SECONDS", 0.05)
    s3_proxy.breaks(goes_silent)
    with pytest.raises(StorageError, match="in time"):
        await s3.confirm([blob])


async def test_parts_of_an_upload_that_failed_are_taken_back(
    s3: Storage, s3_proxy: FaultyS3, s3_server: S3Server
) -> None:
    before = len(s3_server.unfinished_uploads("playhead"))
    s3_proxy.breaks(BROKEN, "CompleteMultipartUpload")
    with pytest.raises(StorageError):
        await s3.put(chunks(LARGE))
    await tidied()
    assert len(s3_server.unfinished_uploads("playhead")) == before
