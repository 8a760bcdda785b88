# ruff: noqa: ASYNC221, ASYNC240 - a test may block
from __future__ import annotations

import asyncio
import errno
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from playhead.errors import StorageError
from playhead.storage import Storage
from tests.tidied import tidied

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


@pytest.fixture
def across_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Downloads go to another device: links do not work there."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(Path, "hardlink_to", refuse)


@pytest.mark.usefixtures("across_devices")
async def test_a_download_is_a_copy_where_links_do_not_work(folder_url: str, tmp_path: Path) -> None:
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
    os.mkdir(root)  # noqa: PTH102
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


@contextmanager
def full_after(size: int) -> Iterator[None]:
    """No file may grow beyond this: what a full disk is to whoever writes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_full_disk_stores_nothing_and_is_transient(root: Path, folder_url: str) -> None:
    storage = Storage.from_url(folder_url)
    await storage.put_bytes(b"there is room for this")
    kept = sorted(root.rglob("*"))
    with full_after(PART // 2), pytest.raises(StorageError, match="File too large") as caught:
        await storage.put_bytes(b"x" * PART)
    assert caught.value.retry_after_seconds == 5
    await tidied()
    assert sorted(root.rglob("*")) == kept
    assert (await storage.put_bytes(b"x" * PART)).size_bytes == PART


@pytest.mark.usefixtures("across_devices")
async def test_a_full_disk_under_a_copy_leaves_no_file(folder_url: str, tmp_path: Path) -> None:
    storage = Storage.from_url(folder_url)
    blob = await storage.put_bytes(b"x" * PART)
    (tmp_path / "scratch").mkdir()
    with full_after(PART // 2), pytest.raises(StorageError, match="local copy"):
        await storage.download(blob.sha256, tmp_path / "scratch" / "target")
    assert list((tmp_path / "scratch").iterdir()) == []


async def test_bytes_are_not_lost_because_there_is_no_place_to_bring_them(folder_url: str, tmp_path: Path) -> None:
    storage = Storage.from_url(folder_url)
    blob = await storage.put_bytes(b"still stored")
    with pytest.raises(StorageError, match="local copy"):
        await storage.download(blob.sha256, tmp_path / "swept away meanwhile" / "target")


async def test_a_volume_that_was_unmounted_takes_nothing(root: Path, folder_url: str, tmp_path: Path) -> None:
    storage = Storage.from_url(folder_url)
    blob = await storage.put_bytes(b"on the volume")
    root.rename(tmp_path / "away")
    root.mkdir()  # what is beneath a mount point
    with pytest.raises(StorageError, match="mounted"):
        await storage.put_bytes(b"not on the volume")
    with pytest.raises(StorageError, match="mounted"):
        await storage.read(blob.sha256)
    assert [path for path in root.rglob("*") if path.is_file()] == []
    shutil.rmtree(root)
    (tmp_path / "away").rename(root)
    assert await storage.exists(blob.sha256)
    assert (await storage.put_bytes(b"not on the volume")).size_bytes == 17


@pytest.mark.parametrize("damaged", [b"", b"cut sh", b"cut short by a power failure, or worse"])
async def test_the_same_bytes_put_again_replace_what_is_damaged(root: Path, folder_url: str, damaged: bytes) -> None:
    storage = Storage.from_url(folder_url)
    blob = await storage.put_bytes(b"cut short by a power failure")
    stored = root / "blobs" / blob.sha256[:2] / blob.sha256[2:4] / blob.sha256
    stored.unlink()
    stored.write_bytes(damaged)
    with pytest.raises(StorageError, match=f"{len(damaged)} are there"):
        await storage.confirm([blob])
    await storage.put_bytes(b"cut short by a power failure")
    assert stored.read_bytes() == b"cut short by a power failure"
    await storage.confirm([blob])


DIES = """
import asyncio, os, signal, sys
from pathlib import Path
from playhead.storage import Storage

dies_in = {"write": (os, "fsync"), "rename": (Path, "replace")}[sys.argv[2]]
setattr(*dies_in, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
asyncio.run(Storage.from_url(sys.argv[1]).put_bytes(b"x" * 9_000_000))
"""


@pytest.mark.parametrize("moment", ["write", "rename"])
async def test_a_crash_before_the_rename_shows_nothing_under_the_digest(
    root: Path, folder_url: str, moment: str
) -> None:
    died = subprocess.run([sys.executable, "-c", DIES, folder_url, moment], check=False)
    assert died.returncode == -9
    storage = Storage.from_url(folder_url)
    assert [sha256 async for sha256 in storage.list_older_than(-60)] == []
    assert len(list((root / "incoming").iterdir())) == 1
    assert await storage.sweep_incoming(-60) == 1
    assert list((root / "incoming").iterdir()) == []
