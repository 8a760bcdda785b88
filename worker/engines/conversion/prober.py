from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from pydantic import ValidationError

from playhead.errors import EngineCrashedError, MediaUnreadableError
from worker.engines.conversion.media import Media
from worker.engines.programs.program import running
from worker.engines.speech.formats import RECORDINGS

_PROBE = Path(__file__).with_name("probe.py")
_SILENCE_SECONDS = 60.0
# Beside recordings: moving pictures without a sound, each in one file of its own.
_PICTURES = ("gif", "h264", "hevc", "m4v", "mpegvideo", "obu", "yuv4mpegpipe")
# A list of what is allowed: among the others are playlists, `concat`, DASH and SDP, which open what they name.
DEMUXERS = ",".join((*RECORDINGS, *_PICTURES))


async def probe(path: Path) -> Media:
    """What is in the file at ``path``.

    Raises:
        MediaUnreadableError: it is empty, or no recording.
        EngineDiedError: libav died or hung on it.
        EngineCrashedError: the probe failed otherwise.
    """
    command = [sys.executable, "-I", str(_PROBE), str(await asyncio.to_thread(_filled, path)), DEMUXERS]
    async with running(command, name="The probe", largest_file_bytes=0) as program:
        said = [line async for line in program.lines(_SILENCE_SECONDS)]
        code = await program.ended()
    if code or not said:
        raise EngineCrashedError(f"The probe failed: {' '.join(program.complaints[-1:])}")
    return _understood(said[-1])


def _filled(path: Path) -> Path:
    if path.stat().st_size == 0:
        raise MediaUnreadableError("The file is empty.")
    return path.resolve()


def _understood(line: bytes) -> Media:
    try:
        found = json.loads(line)
        if "unreadable" in found:
            raise MediaUnreadableError(found["unreadable"])
        return Media.model_validate(found)
    except (json.JSONDecodeError, ValidationError) as error:
        raise EngineCrashedError("The probe said what nobody can understand.") from error
