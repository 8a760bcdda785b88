"""A stored blob as a seekable file, for libraries that read headers."""

from __future__ import annotations

import asyncio
import io
import os
from typing import TYPE_CHECKING

from obstore.store import ObjectStore

from playhead.storage.faults import faults

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BUFFER_BYTES = 64 * 1024
READ_SECONDS = 5.0


class BlobReader(io.RawIOBase):
    """Blocking reads of one blob, in a thread beside the running event loop.

    Every read is a request of five seconds at most, so wrap it in :class:`io.BufferedReader`.

    A hostile file can send a parser of headers all over itself: after ``budget_bytes`` read, reading raises OSError.
    A failing store raises :class:`~playhead.errors.StorageError`.
    """

    def __init__(self, store: ObjectStore, key: str, size_bytes: int, *, budget_bytes: int) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._store = store
        self._key = key
        self._size_bytes = size_bytes
        self._budget_bytes = budget_bytes
        self._position = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """Bytes from the start."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move; beyond the end is allowed, before the start is not."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size_bytes}[whence]
        if base + offset < 0:
            message = f"negative position {base + offset}"
            raise ValueError(message)
        self._position = base + offset
        return self._position

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill the buffer as far as the blob reaches; gives the number of bytes, 0 at the end."""
        view = memoryview(buffer).cast("B")
        end = min(self._position + len(view), self._size_bytes)
        count = max(0, end - self._position)
        if count:
            self._spend(count)
            view[:count] = self._fetch(end)
            self._position = end
        return count

    def _fetch(self, end: int) -> bytes:
        # Not the store's own blocking call: it would hold a thread for as long as a silent store is waited for.
        reading = asyncio.run_coroutine_threadsafe(self._range(end), self._loop)
        try:
            with faults("reading"):
                return reading.result(READ_SECONDS)
        finally:
            reading.cancel()

    async def _range(self, end: int) -> bytes:
        return (await self._store.get_range_async(self._key, start=self._position, end=end)).to_bytes()

    def _spend(self, count: int) -> None:
        self._budget_bytes -= count
        if self._budget_bytes < 0:
            message = "more of the blob was read than its header should need"
            raise OSError(message)
