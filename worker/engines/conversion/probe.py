"""What is in a media file, in a process of its own: libav may crash on what it reads."""

from __future__ import annotations

import io
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import av
from av.container.input import InputContainer
from av.stream import Disposition

from playhead.errors import MediaUnreadableError
from worker.engines.child.serving import serve
from worker.engines.conversion.formats import DEMUXERS
from worker.engines.conversion.media import Look, Media, Stream
from worker.engines.speech.media_file import MediaFile

_BROKEN = (av.FFmpegError, ValueError, IndexError, OverflowError, MemoryError)
_MOST_STREAMS = 64
_OPTIONS = {
    # The file is read through a file object: no demuxer may open anything by name.
    "protocol_whitelist": "none",
    "format_whitelist": DEMUXERS,
    "probesize": "5000000",
    "analyzeduration": "10000000",
}


def look(request: Look) -> Generator[Media, None, None]:
    """What is in the file.

    Raises:
        MediaUnreadableError: it is empty, or no demuxer of ours reads it.
    """
    path = Path(request.path)
    if not path.exists() or path.stat().st_size == 0:
        raise MediaUnreadableError("The file is empty.")
    try:
        with MediaFile(path) as file, _open(file) as container:
            found = _media(container)
    except _BROKEN as error:
        message = "The file is not a recording in any known format, or it is damaged from the start."
        raise MediaUnreadableError(message) from error
    yield found


def _open(file: io.FileIO) -> InputContainer:
    return av.open(file, "r", container_options=_OPTIONS, metadata_errors="ignore", buffer_size=256 * 1024)


def _media(container: InputContainer) -> Media:
    best = container.streams.best("audio")
    return Media(
        demuxer=container.format.name.split(",")[0],
        duration_seconds=_seconds(container),
        best_audio=None if best is None else best.index,
        streams=[_stream(stream) for stream in list(container.streams)[:_MOST_STREAMS]],
    )


def _seconds(container: InputContainer) -> float | None:
    """Its length; None where the file does not tell. Headers lie: it is good for a progress bar, no more."""
    seconds = (container.duration or 0) / av.time_base
    return seconds if 0 < seconds < sys.maxsize else None


def _stream(stream: Any) -> Stream:
    found: dict[str, Any] = {"index": stream.index, "type": stream.type}
    context = stream.codec_context
    if context is None:  # Nobody can decode it.
        return Stream(**found)
    found["codec"] = context.codec.canonical_name
    if stream.type == "video":
        found |= {"width": context.width, "height": context.height, "pixels": context.pix_fmt}
        found["is_cover"] = bool(stream.disposition & Disposition.attached_pic)
        found["is_default"] = bool(stream.disposition & Disposition.default)
    if stream.type == "audio":
        found |= {"sample_rate": context.sample_rate, "channels": context.channels}
    return Stream(**found)


if __name__ == "__main__":
    serve(Look, look)
