"""Many stored files as one zip file, made while it is sent."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from playhead.storage import Storage


@dataclass(frozen=True)
class Entry:
    """A file in it.

    Attributes:
        path: within the zip file, with slashes.
        modified_at: in the zone that the zip file is to tell, which knows none.
    """

    path: str
    sha256: str
    media_type: str
    modified_at: datetime


async def zipped(entries: AsyncIterator[Entry], storage: Storage) -> AsyncGenerator[bytes, None]:
    """The zip file of these entries, in pieces. Of no entry more than a piece is in memory.

    Raises:
        InputMissingError, StorageError: bytes are gone, or the storage is away. The zip file is cut off there, and
            whoever reads it sees that: its directory comes last.
    """
    sink = _Sink()
    archive = zipfile.ZipFile(sink, "w")
    try:
        async for entry in entries:
            # Its size is not known to the header, as the file is written in one go: by then it may be past 4 GiB.
            with archive.open(_about(entry), "w", force_zip64=True) as member:
                async for chunk in await storage.read(entry.sha256):
                    await asyncio.to_thread(member.write, chunk)
                    yield sink.take()
            yield sink.take()
    finally:
        # The directory of ten thousands of entries takes long. One that is cut off is closed too, though nobody gets
        # its directory: the garbage collector would do that, on the event loop, and fail with a traceback.
        await asyncio.to_thread(archive.close)
    yield sink.take()


def _about(entry: Entry) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(entry.path, entry.modified_at.timetuple()[:6])
    # What is compressed already would only cost time.
    packed = entry.media_type.startswith(("audio/", "video/", "image/")) and entry.media_type != "audio/wav"
    info.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    return info


class _Sink(io.RawIOBase):
    """What was written since it was last taken. It cannot be sought in, so the archive writes in one go."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: bytes) -> int:  # type: ignore[override] # only the archive writes here
        self._pieces.append(bytes(piece))
        return len(piece)

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken
