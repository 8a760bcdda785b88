from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from playhead.errors import InputMissingError, InvalidError, StorageError, TooLargeError
from playhead.storage import Blob, Storage
from tests.tidied import tidied

MIB = 1024 * 1024
LARGE = os.urandom(20 * MIB + 12345)  # more parts than are in flight at once
NEVER_STORED = hashlib.sha256(b"never stored").hexdigest()


async def in_chunks(data: bytes, size: int = 64 * 1024) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def all_of(storage: Storage, blob: Blob, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in await storage.read(blob.sha256, start, end)])


async def keys(storage: Storage) -> set[str]:
    return {found["path"] async for page in storage._store.list_async() for found in page}


@pytest.mark.parametrize("data", [b"", b"short", LARGE], ids=["empty", "short", "large"])
async def test_what_is_put_is_read_back_under_its_sha256(storage: Storage, data: bytes) -> None:
    blob = await storage.put(in_chunks(data))
    assert blob == Blob(hashlib.sha256(data).hexdigest(), len(data))
    assert await all_of(storage, blob) == data
    assert await storage.exists(blob.sha256)


async def test_the_same_bytes_are_stored_once(storage: Storage) -> None:
    first, second = await asyncio.gather(storage.put_bytes(b"twice"), storage.put(in_chunks(b"twice", 1)))
    third = await storage.put_bytes(b"twice")
    assert first == second == third
    name = first.sha256
    await tidied()
    assert await keys(storage) == {"playhead-storage", f"blobs/{name[:2]}/{name[2:4]}/{name}"}


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, 1), (5, 5), (3 * MIB, 3 * MIB + 10), (len(LARGE) - 4, None), (len(LARGE) - 4, len(LARGE) + 99), (17, None)],
)
async def test_a_range_is_read(storage: Storage, start: int, end: int | None) -> None:
    blob = await storage.put(in_chunks(LARGE))
    assert await all_of(storage, blob, start, end) == LARGE[start:end]


async def test_a_stream_that_is_too_large_leaves_nothing(storage: Storage) -> None:
    await storage.put_bytes(b"marks the store")
    await tidied()
    before = await keys(storage)
    with pytest.raises(TooLargeError, match="20971520"):
        await storage.put(in_chunks(LARGE), max_bytes=20 * MIB)
    await tidied()
    assert await keys(storage) == before


async def test_max_bytes_itself_is_accepted(storage: Storage) -> None:
    assert (await storage.put_bytes(b"12345")).size_bytes == 5
    blob = await storage.put(in_chunks(b"12345"), max_bytes=5)
    assert blob.size_bytes == 5


class ClientGoneError(Exception):
    pass


async def test_a_stream_that_breaks_leaves_nothing(storage: Storage) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield LARGE
        raise ClientGoneError

    with pytest.raises(ClientGoneError):
        await storage.put(breaking())
    await tidied()
    assert await keys(storage) == {"playhead-storage"}


async def cancel_midway(storage: Storage) -> None:
    """Cancel an upload that waits for more after more than one part."""
    waiting, closed = asyncio.Event(), asyncio.Event()

    async def stalling() -> AsyncIterator[bytes]:
        try:
            yield LARGE
            waiting.set()
            await asyncio.Event().wait()
        finally:
            closed.set()

    upload = asyncio.create_task(storage.put(stalling()))
    await waiting.wait()
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload
    assert closed.is_set()


async def test_a_canceled_upload_leaves_nothing(storage: Storage) -> None:
    await cancel_midway(storage)
    await tidied()
    assert await keys(storage) == {"playhead-storage"}


async def test_an_upload_that_cannot_be_moved_to_its_place_leaves_nothing(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object) -> None:
        message = "The storage failed."
        raise StorageError(message)

    monkeypatch.setattr(storage._place, "promote", refuse)
    with pytest.raises(StorageError):
        await storage.put(in_chunks(LARGE))
    await tidied()
    assert await keys(storage) == {"playhead-storage"}


async def test_a_file_is_put_and_downloaded(storage: Storage, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    await asyncio.to_thread(source.write_bytes, LARGE)
    blob = await storage.put_file(source)
    for _ in range(2):  # the second time over the first
        await storage.download(blob.sha256, target)
        assert target.read_bytes() == LARGE
    assert {"source", "target"} <= set(os.listdir(tmp_path)) <= {"source", "target", "a folder"}  # noqa: PTH208


async def test_missing_bytes_are_told_from_a_failing_store(storage: Storage, tmp_path: Path) -> None:
    await storage.put_bytes(b"something else")
    for use in (
        storage.read(NEVER_STORED),
        storage.open_reader(NEVER_STORED, budget_bytes=1),
        storage.download(NEVER_STORED, tmp_path / "never"),
    ):
        with pytest.raises(InputMissingError):
            await use
    assert not await storage.exists(NEVER_STORED)
    assert not await storage.delete(NEVER_STORED)
    assert not (tmp_path / "never").exists()


async def test_in_a_store_without_its_marker_nothing_is_said_to_be_lost(storage: Storage) -> None:
    with pytest.raises(StorageError, match="mounted"):
        await storage.read(NEVER_STORED)


async def test_deleted_bytes_are_gone_and_can_come_back(storage: Storage) -> None:
    blob = await storage.put_bytes(b"come and go")
    assert await storage.delete(blob.sha256)
    assert not await storage.exists(blob.sha256)
    await storage.put_bytes(b"come and go")
    assert await all_of(storage, blob) == b"come and go"


async def test_old_blobs_are_listed_and_young_ones_are_kept(storage: Storage) -> None:
    blobs = [await storage.put_bytes(bytes([number])) for number in range(3)]
    # S3 tells whole seconds: an age below zero makes "now" older than anything.
    old = {sha256 async for sha256 in storage.list_older_than(-60)}
    assert old == {blob.sha256 for blob in blobs}
    assert [sha256 async for sha256 in storage.list_older_than(60)] == []
    assert not await storage.delete(blobs[0].sha256, older_than_seconds=60)
    assert await storage.delete(blobs[0].sha256, older_than_seconds=-60)
    assert not await storage.exists(blobs[0].sha256)


async def test_broken_off_uploads_are_swept(storage: Storage) -> None:
    await storage._store.put_async("incoming/complete-but-never-moved", b"x")
    assert await storage.sweep_incoming(60) == 0
    assert await storage.sweep_incoming(-60) == 1
    assert await keys(storage) == set()


async def test_a_reader_seeks_and_reads(storage: Storage) -> None:
    blob = await storage.put(in_chunks(LARGE))

    def use() -> None:
        reader = budgeted
        assert reader.read(10) == LARGE[:10]
        assert reader.seek(-7, os.SEEK_END) == len(LARGE) - 7
        assert reader.read() == LARGE[-7:]
        assert reader.read(1) == b""
        reader.seek(5 * MIB)
        reader.seek(3, os.SEEK_CUR)
        assert reader.read(4) == LARGE[5 * MIB + 3 : 5 * MIB + 7]

    budgeted = await storage.open_reader(blob.sha256, budget_bytes=MIB)
    await asyncio.to_thread(use)


async def test_a_reader_that_reads_too_much_is_stopped(storage: Storage) -> None:
    blob = await storage.put(in_chunks(LARGE))
    reader = await storage.open_reader(blob.sha256, budget_bytes=MIB)
    with pytest.raises(OSError, match="more of the blob"):
        await asyncio.to_thread(reader.read, 2 * MIB)


async def test_a_sound_store_passes_its_check_and_keeps_no_probe(storage: Storage) -> None:
    await storage.check()
    assert await keys(storage) == set()


@pytest.mark.parametrize("sha256", ["", "../../etc/passwd", "A" * 64, "a" * 63])
async def test_a_name_that_is_no_sha256_is_never_looked_for(folder_url: str, sha256: str) -> None:
    with pytest.raises(ValueError, match="not a sha256"):
        await Storage.from_url(folder_url).read(sha256)


@pytest.mark.parametrize("url", ["", "folder", "file:relative", "file://host/folder", "s3:///prefix", "gs://bucket"])
def test_a_url_that_names_no_storage_is_refused(url: str) -> None:
    with pytest.raises(InvalidError, match="PLAYHEAD_STORAGE_URL"):
        Storage.from_url(url)
