"""Bytes in a local folder."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

from obstore.store import LocalStore

from playhead.storage.faults import faults, finding
from playhead.storage.layout import INCOMING, MARKER

# No hard link: another file system, a file system without them, another owner's file, too many of them.
_NO_LINK = {errno.EXDEV, errno.EPERM, errno.EACCES, errno.EMLINK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}


class Folder:
    """A :class:`~playhead.storage.place.Place` on this machine's disk.

    obstore writes and renames but never calls fsync, so a power cut could leave a row that points at an empty file:
    a blob is synced before it gets its name, and the folders that hold the name after.

    A folder whose marker went away since it was opened takes nothing: a volume was unmounted, and what is stored
    beneath its mount point would be lost to sight when it is back.
    """

    def __init__(self, root: Path) -> None:
        with faults("opening its folder"):
            if not root.is_dir():
                _make(root)
            (root / INCOMING).mkdir(exist_ok=True)
            self.root = root.resolve()
            self.store = self.bulk = LocalStore(self.root)

    async def promote(self, incoming: str, blob: str, size_bytes: int) -> None:  # noqa: ARG002 - only a bucket asks
        """Move by rename, between the syncs that make it last."""
        with faults("moving an upload to its place"):
            await asyncio.to_thread(self._promote, self.root / incoming, self.root / blob)

    def _promote(self, source: Path, target: Path) -> None:
        if not (self.root / MARKER).exists():
            raise FileNotFoundError(errno.ENOENT, "the marker is gone: is the volume mounted?", MARKER)
        # Downloads are hard links to the blob: nobody may write through one.
        source.chmod(0o444)
        _sync(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        source.replace(target)
        for folder in target.relative_to(self.root).parents:
            _sync(self.root / folder)

    async def download(self, blob: str, sha256: str, path: Path) -> None:  # noqa: ARG002 - nothing travels
        """A hard link where the file system can, else a copy."""
        with finding("reading"):
            await asyncio.to_thread((self.root / blob).stat)
        with faults("making a local copy"):
            await asyncio.to_thread(_link_or_copy, self.root / blob, path)

    async def unfinished(self, before: datetime) -> AsyncIterator[str]:
        """Read from the folder itself: obstore does not list the `name#1` files it writes uploads to."""
        with faults("listing"):
            names = await asyncio.to_thread(_older, self.root / INCOMING, before)
        for name in names:
            yield f"{INCOMING}/{name}"

    async def remove(self, key: str) -> None:
        """Unlink."""
        with faults("deleting"):
            await asyncio.to_thread((self.root / key).unlink, missing_ok=True)


def _make(root: Path) -> None:
    root.parent.mkdir(parents=True, exist_ok=True)
    # Recordings are nobody else's to read. A folder that is there keeps the rights that somebody gave it.
    root.mkdir(mode=0o700, exist_ok=True)
    _sync(root.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _link_or_copy(blob: Path, path: Path) -> None:
    path.unlink(missing_ok=True)
    try:
        path.hardlink_to(blob)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        _copy(blob, path)


def _copy(blob: Path, path: Path) -> None:
    part = path.with_name(f"{path.name}.part")
    try:
        shutil.copyfile(blob, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _older(folder: Path, before: datetime) -> list[str]:
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries if _modified(entry) < before]


def _modified(entry: os.DirEntry[str]) -> datetime:
    try:
        return datetime.fromtimestamp(entry.stat().st_mtime, UTC)
    except FileNotFoundError:  # finished or taken back since the folder was read
        return datetime.max.replace(tzinfo=UTC)
