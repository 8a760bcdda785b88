"""What an upload is, as far as its first bytes tell. Whether it decodes is for the job to find out."""

from __future__ import annotations

import asyncio
import io
import math
import os
import time
from pathlib import PurePath

import filetype
from tinytag import TinyTag

from playhead.errors import InvalidError, UnsupportedMediaError

HEAD_BYTES = 8192
"""How much of an upload :func:`sniff` wants to see."""

READER_BUDGET_BYTES = 4 * 1024 * 1024
"""How much of a blob :func:`duration_seconds` may read."""

_DURATION_CALLS = 50_000
_DURATION_WALL_SECONDS = 5.0

# The names of today for those that the library still gives as experimental.
_CURRENT = {"audio/x-flac": "audio/flac", "audio/x-wav": "audio/wav", "audio/x-aiff": "audio/aiff"}

# Recordings and texts whose first bytes say nothing, or that the library does not know. Not the mimetypes module: it
# reads the machine's own tables, and would answer differently from one machine to the next.
_BY_EXTENSION = {
    ".3gp": "video/3gpp",
    ".aac": "audio/aac",
    ".ac3": "audio/ac3",
    ".aif": "audio/aiff",
    ".aiff": "audio/aiff",
    ".amr": "audio/amr",
    ".ape": "audio/x-ape",
    ".ass": "text/x-ssa",
    ".au": "audio/basic",
    ".avi": "video/x-msvideo",
    ".caf": "audio/x-caf",
    ".dts": "audio/vnd.dts",
    ".flac": "audio/flac",
    ".flv": "video/x-flv",
    ".json": "application/json",
    ".m2ts": "video/mp2t",
    ".m4a": "audio/mp4",
    ".m4b": "audio/mp4",
    ".m4v": "video/mp4",
    ".md": "text/markdown",
    ".mka": "audio/x-matroska",
    ".mkv": "video/x-matroska",
    ".mov": "video/quicktime",
    ".mp2": "audio/mpeg",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".mpeg": "video/mpeg",
    ".mpg": "video/mpeg",
    ".mpga": "audio/mpeg",
    ".mts": "video/mp2t",
    ".oga": "audio/ogg",
    ".ogg": "audio/ogg",
    ".ogv": "video/ogg",
    ".opus": "audio/ogg",
    ".rf64": "audio/wav",
    ".srt": "application/x-subrip",
    ".ssa": "text/x-ssa",
    ".ts": "video/mp2t",
    ".txt": "text/plain",
    ".vtt": "text/vtt",
    ".wav": "audio/wav",
    ".webm": "video/webm",
    ".wma": "audio/x-ms-wma",
    ".wmv": "video/x-ms-wmv",
    ".wv": "audio/x-wavpack",
}
_TEXTS = {*(kind for kind in _BY_EXTENSION.values() if not kind.startswith(("audio/", "video/"))), "text/srt"}


def sniff(head: bytes, name: str | None, declared: str | None) -> str:
    """The media type of an upload, from its first bytes, its file name and the type that the client declares.

    Bytes that are recognised decide alone. Those that are not are taken for what the client says, as long as that is
    a recording, subtitles, text or JSON.

    Raises:
        InvalidError: there are no bytes.
        UnsupportedMediaError: it is something else, or nobody knows what.
    """
    if not head:
        message = "The file is empty."
        raise InvalidError(message, field="file")
    recognised = _recognised(head)
    claimed = _claimed(name, declared)
    if recognised is None and claimed is not None:
        return claimed
    if recognised is not None and recognised.startswith(("audio/", "video/")):
        return recognised
    what = f"The file is {recognised}" if recognised else "Nothing says that the file is a recording"
    message = f"{what}: send audio or video, with a file name or a Content-Type that says so."
    raise UnsupportedMediaError(message, field="file")


def _recognised(head: bytes) -> str | None:
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:14].lower().startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "text/html"
    found = filetype.guess_mime(head)
    return None if found is None else _CURRENT.get(found, found)


def _claimed(name: str | None, declared: str | None) -> str | None:
    declared = (declared or "").partition(";")[0].strip().lower()
    if declared.startswith(("audio/", "video/")) or declared in _TEXTS:
        return _CURRENT.get(declared, declared)
    return _BY_EXTENSION.get(PurePath(name or "").suffix.lower())


async def duration_seconds(reader: io.BufferedReader) -> float | None:
    """The length that a recording's header tells, in seconds; None where it does not.

    A convenience for people, never a fact to rely on: it raises nothing, reads no more than the reader's budget and
    takes a few seconds at most, in a thread.
    """
    return await asyncio.to_thread(_duration, reader)


def _duration(reader: io.BufferedReader) -> float | None:
    try:
        found = TinyTag.get(file_obj=_Bounded(reader), tags=False).duration
    except Exception:  # noqa: BLE001 - a hostile header can make a parser raise anything
        return None
    return found if found is not None and math.isfinite(found) and found > 0 else None


class _Bounded(io.BufferedReader):
    """The budget of the reader bounds what is read, not how often a parser turns round in what it holds already."""

    def __init__(self, reader: io.BufferedReader) -> None:
        super().__init__(reader.raw)
        self._calls = 0
        self._deadline = time.monotonic() + _DURATION_WALL_SECONDS

    def read(self, size: int | None = -1, /) -> bytes:
        self._count()
        if size is None or not 0 <= size <= READER_BUDGET_BYTES:
            message = f"a header asks for {size} bytes"
            raise OSError(message)
        return super().read(size)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        self._count()
        return super().seek(offset, whence)

    def _count(self) -> None:
        self._calls += 1
        if self._calls > _DURATION_CALLS or time.monotonic() > self._deadline:
            message = "a header that leads nowhere"
            raise OSError(message)
