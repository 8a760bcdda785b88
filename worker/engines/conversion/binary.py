from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from playhead.errors import ConverterUnavailableError, EngineCrashedError
from playhead.settings import ConverterSettings
from worker.engines.programs.running import running

_SILENCE_SECONDS = 60.0
# From 6.0 on, the protocol `fd` reads a file that is standard input to and fro, so that nothing at all need be opened
# by name; from 6.1 on, an encoder can be told to keep the time stamps of its input.
_OLDEST = (6, 1)
_VERSION = re.compile(r"^ffmpeg version n?(\d+)\.(\d+)")


async def find(settings: ConverterSettings) -> Path:
    """The ffmpeg of the settings, else of PATH, else of `imageio-ffmpeg`: the first that is not too old.

    Raises:
        ConverterUnavailableError: there is none.
    """
    for path in await asyncio.to_thread(lambda: list(_paths(settings))):
        if await _serves(path):
            return path
    if settings.ffmpeg:
        raise ConverterUnavailableError(f"CONVERTER__FFMPEG names no ffmpeg of version 6.1 or later: {settings.ffmpeg}")
    raise ConverterUnavailableError(
        "There is no ffmpeg of version 6.1 or later on this worker: install it, or the package imageio-ffmpeg."
    )


async def _serves(path: Path) -> bool:
    """Whether it runs, and is new enough; one that says no version is taken to be built from what is newest."""
    try:
        async with running([str(path), "-protocols"], name="ffmpeg", largest_file_bytes=0) as program:
            known = {line.strip() async for line in program.lines(_SILENCE_SECONDS)}
            code = await program.ended()
    except EngineCrashedError:
        return False
    found = [match for line in program.complaints if (match := _VERSION.match(line))]
    version = (int(found[0][1]), int(found[0][2])) if found else _OLDEST
    return code == 0 and b"fd" in known and version >= _OLDEST


def _paths(settings: ConverterSettings) -> Iterator[Path]:
    named = [str(settings.ffmpeg)] if settings.ffmpeg else ["ffmpeg"]
    for path in filter(None, [*map(shutil.which, named), None if settings.ffmpeg else _carried()]):
        yield Path(path).resolve()


def _carried() -> str | None:
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        return None
