"""Look what is in a media file. Run by its path, in a process of its own: libav may crash on what it reads.

``python -I probe.py FILE DEMUXERS`` prints a :class:`~worker.engines.conversion.media.Media` as JSON, or what is wrong
with the file as ``{"unreadable": words}``.
"""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import av
from av.container.input import InputContainer
from av.stream import Disposition

_BROKEN = (av.FFmpegError, ValueError, IndexError, OverflowError, MemoryError)
_MOST_STREAMS = 64


def main(path: str, demuxers: str) -> None:
    """Print what is in the file at ``path``, if one of these demuxers reads it."""
    try:
        # A file object: no demuxer may open anything by name.
        with io.FileIO(path) as file, _open(file, demuxers) as container:
            found = _media(container)
    except _BROKEN:
        found = {"unreadable": "The file is not a recording in any known format, or it is damaged from the start."}
    print(json.dumps(found))  # noqa: T201 - its worker reads it


def _open(file: io.FileIO, demuxers: str) -> InputContainer:
    options = {
        "protocol_whitelist": "none",
        "format_whitelist": demuxers,
        "probesize": "5000000",
        "analyzeduration": "10000000",
    }
    return av.open(file, "r", container_options=options, metadata_errors="ignore", buffer_size=256 * 1024)


def _media(container: InputContainer) -> dict[str, Any]:
    best = container.streams.best("audio")
    return {
        "demuxer": container.format.name.split(",")[0],
        "duration_seconds": _seconds(container),
        "best_audio": None if best is None else best.index,
        "streams": [_stream(stream) for stream in list(container.streams)[:_MOST_STREAMS]],
    }


def _seconds(container: InputContainer) -> float | None:
    """Its length; None where the file does not tell. Headers lie: it is good for a progress bar, no more."""
    seconds = (container.duration or 0) / av.time_base
    return seconds if 0 < seconds < sys.maxsize else None


def _stream(stream: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"index": stream.index, "type": stream.type, "codec": None}
    context = stream.codec_context
    if context is None:  # Nobody can decode it.
        return found
    found["codec"] = context.codec.canonical_name
    if stream.type == "video":
        found |= {"width": context.width, "height": context.height, "pixels": context.pix_fmt}
        found["is_cover"] = bool(stream.disposition & Disposition.attached_pic)
        found["is_default"] = bool(stream.disposition & Disposition.default)
    if stream.type == "audio":
        found |= {"sample_rate": context.sample_rate, "channels": context.channels, "samples": context.format.name}
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
