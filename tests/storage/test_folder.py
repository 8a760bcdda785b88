from __future__ import annotations

import asyncio
import errno
import os
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from playhead.errors import StorageError
from playhead.storage import Storage

PART = 9 * 1024 * 1024


@pytest.fixture
def root(folder_url: str, tmp_path: Path) -> Path:
    Storage.from_url(folder_url)
    return tmp_path / "a folder"


def recorded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Path]]:
    """Every fsync and every rename, in order."""
    seen: list[tuple[str, Path]] = []
    fsync: Callable[[int], None] = os.fsync
    replace = Path.replace

    def spying_fsync(descriptor: int) -> None:
        seen.append(("sync", Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    def spying_replace(self: Path, target: Path) -> Path:
        seen.append(("name", target))
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", spying_fsync)
    monkeypatch.setattr(Path, "replace", spying_replace)
    return seen


async def test_bytes_are_on_disk_before_they_have_their_name_and_the_name_after(
    root: Path, folder_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = Storage.from_url(folder_url)
    seen = recorded(monkeypatch)
    for _ in range(2):  # also where the bytes are already there: another process may not have synced them yet
        seen.clear()
        blob = await storage.put_bytes(b"durable")
        (first, upload), (second, target), *after = seen
        assert (first, upload.parent) == ("sync", root / "incoming")
        assert (second, target.name) == ("name", blob.sha256)
        assert after == [("sync", parent) for parent in (*target.parents[:3], root)]


async def test_a_download_is_a_link_that_nobody_may_write_through(root: Path, folder_url: str, tmp_path: Path) -> None:
    storage = Storage.from_url(folder_url)
    blob = await storage.put_bytes(b"linked")
    target = tmp_path / "target"
    await storage.download(blob.sha256, target)
    stored = root / "blobs" / blob.sha256[:2] / blob.sha256[2:4] / blob.sha256
    assert target.samefile(stored)
    assert target.stat().st_mode & 0o777 == 0o444
    await storage.delete(blob.sha256)
    assert await asyncio.to_thread(target.read_bytes) == b"linked"


async def test_a_download_is_a_copy_where_links_do_not_work(
    folder_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def across_devices(*_: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(Path, "hardlink_to", across_devices)
    storage = Storage.from_url(folder_url)
    blob = await storage.put_bytes(b"copied")
    target = tmp_path / "target"
    await storage.download(blob.sha256, target)
    assert await asyncio.to_thread(target.read_bytes) == b"copied"
    assert target.stat().st_nlink == 1
    assert not tmp_path.joinpath("target.part").exists()


async def test_what_a_killed_process_left_is_swept(root: Path, folder_url: str) -> None:
    # obstore writes an upload to `name#1` and gives it its name at the end.
    left = root / "incoming" / "3f2a#1"
    left.write_bytes(b"half an upl")
    os.utime(left, (1, 1))
    storage = Storage.from_url(folder_url)
    assert await storage.sweep_incoming(3600) == 1
    assert not left.exists()


async def test_an_upload_under_way_is_not_swept(root: Path, folder_url: str) -> None:
    storage = Storage.from_url(folder_url)
    waiting, go_on = asyncio.Event(), asyncio.Event()

    async def pausing() -> AsyncIterator[bytes]:
        yield b"x" * PART
        waiting.set()
        await go_on.wait()

    upload = asyncio.create_task(storage.put(pausing()))
    await waiting.wait()
    assert await storage.sweep_incoming(60) == 0
    go_on.set()
    assert (await upload).size_bytes == PART
    assert list(root.joinpath("incoming").iterdir()) == []


async def test_a_disk_that_refuses_is_a_transient_error(root: Path, folder_url: str) -> None:
    storage = Storage.from_url(folder_url)
    await storage.put_bytes(b"before")
    await asyncio.to_thread(shutil.rmtree, root)
    os.mkdir(root)  # noqa: PTH102 - a test may block
    (root / "incoming").write_bytes(b"a file where the folder was")
    with pytest.raises(StorageError) as caught:
        await storage.put_bytes(b"after")
    assert caught.value.transient
    with pytest.raises(StorageError):
        await storage.check()
    with pytest.raises(StorageError, match="opening"):
        Storage.from_url((root / "incoming").as_uri())


def test_a_folder_that_is_made_is_for_its_owner_alone(tmp_path: Path) -> None:
    Storage.from_url((tmp_path / "new" / "storage").as_uri())
    assert (tmp_path / "new" / "storage").stat().st_mode & 0o777 == 0o700


def test_a_folder_that_is_there_keeps_its_rights(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    Storage.from_url(tmp_path.as_uri())
    assert tmp_path.stat().st_mode & 0o777 == 0o750
