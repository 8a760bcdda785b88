"""Storing, reading and removing blobs: the same on every kind of place."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Collection
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from playhead.errors import InputMissingError
from playhead.storage.faults import AbsentError, failed, faults, finding
from playhead.storage.layout import MARKER, blob_key, blob_sha256, incoming_key
from playhead.storage.opening import open_place
from playhead.storage.pieces import PIECE_BYTES, file_pieces, held_pieces
from playhead.storage.place import Place
from playhead.storage.reader import BUFFER_BYTES, BlobReader
from playhead.storage.tidying import tidy
from playhead.storage.writing import receive

if TYPE_CHECKING:
    from obstore import BytesStream, GetOptions, ObjectMeta

CHECK_SECONDS = 10.0
CONFIRM_SECONDS = 5.0


@dataclass(frozen=True)
class Blob:
    """Stored bytes: ``sha256`` in lower-case hexadecimal."""

    sha256: str
    size_bytes: int


class Storage:
    """The bytes of Playhead.

    An upload is written under ``incoming/`` and moved to ``blobs/`` under its sha256 once it is whole. Every method
    raises :class:`~playhead.errors.StorageError` (transient) when the store fails, and those that read raise
    :class:`~playhead.errors.InputMissingError` (permanent) when the store is sound but lacks the bytes.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._store = place.store
        self._marked = False

    @classmethod
    def from_url(cls, url: str) -> Storage:
        """Open ``file:///folder`` (made if need be) or ``s3://bucket/prefix`` (configured by AWS_* variables).

        Raises:
            InvalidError: the URL names neither.
            StorageError: the folder cannot be made.
        """
        return cls(open_place(url))

    async def put(self, chunks: AsyncIterator[bytes], *, max_bytes: int | None = None) -> Blob:
        """Store a stream in bounded memory (about 25 MiB, whatever its length).

        On return the bytes are durable and younger than any ``list_older_than`` age, even if they were there before.
        On any failure, a cancellation and an error of ``chunks`` included, nothing is stored. What had come in is
        cleared away, later if the store does not let it happen at once.

        Raises:
            TooLargeError: there are more than ``max_bytes``.
        """
        await self._mark()
        key = incoming_key()
        try:
            sha256, size_bytes = await receive(self._place.bulk, key, chunks, max_bytes=max_bytes)
            await self._place.promote(key, blob_key(sha256), size_bytes)
        except BaseException:
            await tidy(self._place.remove(key))
            raise
        return Blob(sha256, size_bytes)

    async def put_file(self, path: Path, *, max_bytes: int | None = None) -> Blob:
        """Store a local file; as :meth:`put`."""
        async with aclosing(file_pieces(path)) as chunks:
            return await self.put(chunks, max_bytes=max_bytes)

    async def put_bytes(self, data: bytes) -> Blob:
        """Store bytes that are in memory; as :meth:`put`."""
        return await self.put(held_pieces(data))

    async def read(self, sha256: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Open the bytes from ``start`` up to, not including, ``end``: ``async for chunk in await storage.read(...)``.

        Errors that there are come from opening, before the first chunk; later ones are StorageError. Chunks are about
        a mebibyte. A ``start`` at or beyond the blob's size is an error of the caller: StorageError.
        """
        key = blob_key(sha256)
        if end is not None and end <= start:
            return held_pieces()
        try:
            with finding("reading"):
                found = await self._store.get_async(key, options=_range(start, end))
        except AbsentError as error:
            await self._missing(sha256, error)
        return _chunks(found.stream(min_chunk_size=PIECE_BYTES))

    async def open_reader(self, sha256: str, *, budget_bytes: int) -> io.BufferedReader:
        """A seekable file for blocking code in a thread, which may read ``budget_bytes``; see :class:`BlobReader`."""
        meta = await self._head(sha256)
        reader = BlobReader(self._store, blob_key(sha256), meta["size"], budget_bytes=budget_bytes)
        return io.BufferedReader(reader, BUFFER_BYTES)

    async def download(self, sha256: str, path: Path) -> None:
        """Put the bytes at a local path whose folder exists, all at once.

        The file is for reading only: from a local folder it is a hard link to the blob itself.
        """
        try:
            await self._place.download(blob_key(sha256), sha256, path)
        except AbsentError as error:
            await self._missing(sha256, error)

    async def exists(self, sha256: str) -> bool:
        """Whether the bytes are there; StorageError where nothing was ever stored, as :meth:`read`."""
        try:
            await self._head(sha256)
        except InputMissingError:
            return False
        return True

    async def confirm(self, blobs: Collection[Blob]) -> None:
        """Make sure that each is still there, within five seconds.

        Asked within the transaction that writes the rows which point at them, once it holds the rows of the blobs
        themselves (:func:`playhead.ledger.files.keep_blobs`): until its commit nothing can clear them away.

        Raises:
            StorageError: one was cleared away since it was stored, or the store cannot tell.
        """
        with faults("making sure of what was stored"):
            async with asyncio.timeout(CONFIRM_SECONDS):
                await asyncio.gather(*(self._confirm(blob) for blob in blobs))

    async def _confirm(self, blob: Blob) -> None:
        try:
            size_bytes = (await self._head(blob.sha256))["size"]
        except InputMissingError as error:
            raise failed(f"The bytes {blob.sha256} were cleared away since they were stored: try again.") from error
        if size_bytes != blob.size_bytes:
            raise failed(f"Of the bytes {blob.sha256}, {blob.size_bytes} were stored and {size_bytes} are there.")

    async def delete(self, sha256: str, *, older_than_seconds: float | None = None) -> bool:
        """Remove the bytes; False where they were not there, or have been stored anew within ``older_than_seconds``."""
        try:
            meta = await self._head(sha256)
        except InputMissingError:
            return False
        if older_than_seconds is not None and meta["last_modified"] >= _ago(older_than_seconds):
            return False
        await self._place.remove(blob_key(sha256))
        return True

    async def list_older_than(self, age_seconds: float) -> AsyncIterator[str]:
        """The sha256 of every blob stored longer ago than this, in no particular order."""
        before = _ago(age_seconds)
        with faults("listing"):
            async for page in self._store.list_async("blobs/", chunk_size=1000):
                for found in page:
                    sha256 = blob_sha256(found["path"])
                    if sha256 is not None and found["last_modified"] < before:
                        yield sha256

    async def sweep_incoming(self, age_seconds: float) -> int:
        """Remove uploads that were broken off and not written to for this long; gives how many."""
        count = 0
        async for key in self._place.unfinished(_ago(age_seconds)):
            await self._place.remove(key)
            count += 1
        return count

    async def check(self) -> None:
        """Write, read and remove a probe, within ten seconds; StorageError says what is wrong."""
        key = incoming_key()
        with faults("being checked"):
            async with asyncio.timeout(CHECK_SECONDS):
                await self._store.put_async(key, b"probe")
                await self._store.get_range_async(key, start=0, end=5)
                await self._store.delete_async(key)

    async def _mark(self) -> None:
        if not self._marked:
            with faults("writing"):
                await self._store.put_async(MARKER, b"Playhead keeps its bytes here.\n")
            self._marked = True

    async def _head(self, sha256: str) -> ObjectMeta:
        try:
            with finding("looking for a blob"):
                return await self._store.head_async(blob_key(sha256))
        except AbsentError as error:
            await self._missing(sha256, error)

    async def _missing(self, sha256: str, cause: AbsentError) -> NoReturn:
        try:
            with finding("looking for its marker"):
                await self._store.head_async(MARKER)
        except AbsentError:
            message = f"Nothing was ever stored here ({MARKER} is missing): is the volume mounted, the bucket right?"
            raise failed(message) from cause
        message = f"The bytes {sha256} are no longer stored."
        raise InputMissingError(message) from cause


def _range(start: int, end: int | None) -> GetOptions:
    if end is not None:
        return {"range": (start, end)}
    return {"range": {"offset": start}} if start else {}


async def _chunks(stream: BytesStream) -> AsyncIterator[bytes]:
    with faults("reading"):
        async for chunk in stream:
            yield bytes(chunk)


def _ago(seconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds)
