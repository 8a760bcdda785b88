from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from playhead.errors import ConverterUnavailableError, EngineCrashedError
from playhead.settings import ConverterSettings
from worker.engines.programs.running import running

_SILENCE_SECONDS = 60.0
# From 6.0 on, the protocol `fd` reads a file that is standard input to and fro, so that nothing at all need be opened
# by name; from 6.1 on, an encoder can be told to keep the time stamps of its input.
_OLDEST = (6, 1)
_SAID = re.compile(r"^ffmpeg version (\S+)")
_VERSION = re.compile(r"n?(\d+)\.(\d+)")


@dataclass(frozen=True)
class Candidate:
    """An ffmpeg that might be used.

    Attributes:
        version: as it says it; empty where it says none.
        flaw: why it is passed over; empty where it serves.
    """

    path: Path
    version: str
    flaw: str


async def find(settings: ConverterSettings) -> Path:
    """The ffmpeg of the settings, else of PATH, else of `imageio-ffmpeg`: the first that is not too old.

    Raises:
        ConverterUnavailableError: there is none.
    """
    async for one in candidates(settings):
        if not one.flaw:
            return one.path
    if settings.ffmpeg:
        raise ConverterUnavailableError(f"CONVERTER__FFMPEG names no ffmpeg of version 6.1 or later: {settings.ffmpeg}")
    raise ConverterUnavailableError(
        "There is no ffmpeg of version 6.1 or later on this worker: install it, or the package imageio-ffmpeg."
    )


async def candidates(settings: ConverterSettings) -> AsyncIterator[Candidate]:
    """Every ffmpeg that there is, in the order in which they are tried; each is run once to be judged."""
    for path in await asyncio.to_thread(lambda: list(_paths(settings))):
        yield await _judged(path)


async def _judged(path: Path) -> Candidate:
    """Whether it runs, and is new enough; one that says no version is taken to be built from what is newest."""
    try:
        async with running([str(path), "-protocols"], name="ffmpeg", largest_file_bytes=0) as program:
            known = {line.strip() async for line in program.lines(_SILENCE_SECONDS)}
            code = await program.ended()
    except EngineCrashedError as error:
        return Candidate(path, "", f"it does not run: {error.message}")
    said = next((match[1] for line in program.complaints if (match := _SAID.match(line))), "")
    return Candidate(path, said, _flaw(code, said, known))


def _flaw(code: int, said: str, known: set[bytes]) -> str:
    found = _VERSION.match(said)
    if code != 0:
        return f"it does not run: exit status {code}"
    if found and (int(found[1]), int(found[2])) < _OLDEST:
        return "it is older than 6.1"
    return "" if b"fd" in known else "it was built without the protocol `fd`"


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
