"""The local file that a download is written to."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playhead.errors import StorageError


class Sink:
    """A file being written. Each method raises StorageError where the disk does not take it."""

    def __init__(self, file: io.FileIO) -> None:
        self._file = file

    async def write(self, chunk: bytes) -> None:
        """Append."""
        with _disk_faults():
            await asyncio.to_thread(self._write, chunk)

    def _write(self, chunk: bytes) -> None:
        left = memoryview(chunk)
        while left:  # an unbuffered write may take only a part
            left = left[self._file.write(left) :]

    def restart(self) -> None:
        """Forget what was written."""
        with _disk_faults():
            self._file.seek(0)
            self._file.truncate()


@contextmanager
def sink(target: Path) -> Iterator[Sink]:
    """Write ``target``: it is there in full once the block has ended well, and not at all when the block fails."""
    try:
        # Unbuffered: closing has nothing left to write, so a full disk shows where it can be told.
        with _disk_faults():
            file = target.open("wb", buffering=0)
        with file:
            yield Sink(file)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


@contextmanager
def _disk_faults() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"The download could not be written to the local disk: {error.strerror}."
        raise StorageError(message) from error
