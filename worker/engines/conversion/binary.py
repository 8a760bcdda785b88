from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path

from playhead.errors import ConverterUnavailableError
from playhead.settings import ConverterSettings
from worker.engines.programs.program import running

_SILENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Ffmpeg:
    """An ffmpeg.

    Attributes:
        path: of the program.
        reads_descriptors: whether it knows the protocol ``fd`` (from version 6 on): a file that is its standard input
            can be read to and fro, and nothing at all need be opened by name.
    """

    path: Path
    reads_descriptors: bool

    @property
    def protocol(self) -> str:
        """The only protocol that it may read by."""
        return "fd" if self.reads_descriptors else "file"

    def source(self, path: Path) -> str:
        """How a local file is named as an input. Never as it comes: a name may look like an option or a pattern."""
        return "fd:" if self.reads_descriptors else f"file:{path.resolve()}"


async def find(settings: ConverterSettings) -> Ffmpeg:
    """The ffmpeg of the settings, else of PATH, else of `imageio-ffmpeg`.

    Raises:
        ConverterUnavailableError: there is none.
    """
    path = await asyncio.to_thread(_path, settings)
    async with running([str(path), "-hide_banner", "-protocols"], name="ffmpeg", largest_file_bytes=0) as program:
        known = {line.strip() async for line in program.lines(_SILENCE_SECONDS)}
        if await program.ended():
            raise ConverterUnavailableError(f"ffmpeg does not run: {' '.join(program.complaints[-1:])}")
    return Ffmpeg(path, b"fd" in known)


def _path(settings: ConverterSettings) -> Path:
    if settings.ffmpeg:
        found = shutil.which(settings.ffmpeg)
        if not found:
            raise ConverterUnavailableError(f"CONVERTER__FFMPEG names no program: {settings.ffmpeg}")
        return Path(found).resolve()
    found = shutil.which("ffmpeg") or _carried()
    if not found:
        raise ConverterUnavailableError("There is no ffmpeg on this worker: install it, or the package imageio-ffmpeg.")
    return Path(found).resolve()


def _carried() -> str | None:
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        return None
