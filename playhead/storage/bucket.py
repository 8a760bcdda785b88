"""Bytes in an S3 bucket."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from obstore.store import ObjectStore

from playhead.storage.faults import failed, faults, finding
from playhead.storage.layout import INCOMING
from playhead.storage.pieces import PIECE_BYTES
from playhead.storage.tidying import tidy
from playhead.storage.writing import writing

if TYPE_CHECKING:
    from obstore import BytesStream

COPY_LIMIT_BYTES = 5 * 1024**3  # of S3's CopyObject
COPY_SECONDS = 60.0
COPY_BYTES_PER_SECOND = 10_000_000  # of the slowest server, copying on one disk


class Bucket:
    """A :class:`~playhead.storage.place.Place` behind an S3 API.

    An upload whose process was killed leaves an unfinished multipart upload, which no listing of objects shows and
    obstore cannot find: give the bucket a lifecycle rule that aborts them after a day (docs/storage.md).

    The three stores are the same one, with more patience each: for what is answered at once, for what takes as long
    as its bytes travel, for what the server does by itself.
    """

    def __init__(
        self, store: ObjectStore, bulk: ObjectStore, copier: ObjectStore, *, copy_limit_bytes: int = COPY_LIMIT_BYTES
    ) -> None:
        self.store = store
        self.bulk = bulk
        self.copier = copier
        self.copy_limit_bytes = copy_limit_bytes

    async def promote(self, incoming: str, blob: str, size_bytes: int) -> None:
        """Copy inside the server, or through this process where the object is too large for that; then delete."""
        if size_bytes <= self.copy_limit_bytes:
            # Most servers say nothing until all is copied.
            seconds = COPY_SECONDS + size_bytes / COPY_BYTES_PER_SECOND
            with faults("moving an upload to its place"):
                async with asyncio.timeout(seconds):
                    await self.copier.copy_async(incoming, blob)
        else:
            await self._stream(incoming, blob)
        # The blob is there: what is left under incoming/ is not worth failing for, the sweep takes it.
        await tidy(self.remove(incoming))

    async def _stream(self, source: str, target: str) -> None:
        with faults("reading an upload back"):
            found = await self.store.get_async(source)
        async with writing(self.bulk, target) as write:
            async for chunk in _chunks(found.stream(min_chunk_size=PIECE_BYTES)):
                await write(chunk)

    async def download(self, blob: str, sha256: str, path: Path) -> None:
        """Stream to a file beside the path, check that the bytes are those that were stored, then rename."""
        with finding("reading"):
            found = await self.store.get_async(blob)
        part = path.with_name(f"{path.name}.part")
        try:
            with faults("writing a local copy"), part.open("wb") as file:
                await _save(found.stream(min_chunk_size=PIECE_BYTES), file, sha256)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    async def unfinished(self, before: datetime) -> AsyncIterator[str]:
        """Uploads that were complete but never moved."""
        listing = self.store.list_async(f"{INCOMING}/", chunk_size=1000)
        with faults("listing"):
            async for page in listing:
                for found in page:
                    if found["last_modified"] < before:
                        yield found["path"]

    async def remove(self, key: str) -> None:
        """Delete; S3 does not mind if there is nothing."""
        with faults("deleting"), contextlib.suppress(FileNotFoundError):
            await self.store.delete_async(key)


async def _chunks(stream: BytesStream) -> AsyncIterator[bytes]:
    with faults("reading"):
        async for chunk in stream:
            yield chunk


async def _save(stream: BytesStream, file: BinaryIO, sha256: str) -> None:
    digest = hashlib.sha256()
    async for chunk in _chunks(stream):
        await asyncio.to_thread(digest.update, chunk)
        await asyncio.to_thread(file.write, chunk)
    if digest.hexdigest() != sha256:
        raise failed(f"The storage gave other bytes than those stored as {sha256}.")
