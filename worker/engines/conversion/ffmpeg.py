"""One run of ffmpeg over a recording."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

from playhead.errors import EngineDiedError
from playhead.settings import ConverterSettings
from worker.engines.conversion.failure import failure
from worker.engines.programs.program import Program
from worker.engines.programs.running import running

# Of what it says about itself, what changes as long as it works.
_SIGNS = frozenset({b"frame", b"out_time_us", b"total_size"})


class FfmpegRun:
    """Made for one command, of which :meth:`steps` is the work.

    Attributes:
        complaints: the last lines that ffmpeg printed, once it is done.
    """

    def __init__(self, settings: ConverterSettings, command: Sequence[str], paths: Sequence[Path]) -> None:
        """Args: ``paths``, those in the command; the source, which is what ffmpeg reads, is the first."""
        self.complaints: list[str] = []
        self._settings = settings
        self._command = command
        self._paths = paths
        self._signs: dict[bytes, bytes] = {}
        self._done_seconds = 0.0

    async def steps(self) -> AsyncGenerator[float, None]:
        """Seconds of the output that are done, about twice a second.

        Raises:
            EngineDiedError: it died or hung.
            PlayheadError: it failed; see :func:`~worker.engines.conversion.failure.failure`.
        """
        largest = self._settings.max_output_bytes
        with self._paths[0].open("rb") as source:
            async with running(self._command, name="ffmpeg", stdin=source, largest_file_bytes=largest) as program:
                until = self._deadline()
                while line := await self._line(program, until):
                    if self._is_ahead(line):
                        until = self._deadline()
                    if line.startswith(b"progress="):
                        yield self._done_seconds
                code = await program.ended()
                self.complaints = program.complaints
        if code:
            raise failure(self.complaints, self._paths)

    async def _line(self, program: Program, until: float) -> bytes:
        try:
            return await program.line(until - asyncio.get_running_loop().time())
        except EngineDiedError:
            seconds = self._settings.hang_seconds
            raise EngineDiedError(f"ffmpeg got nowhere for {seconds:g} seconds and was ended.") from None

    def _deadline(self) -> float:
        return asyncio.get_running_loop().time() + self._settings.hang_seconds

    def _is_ahead(self, line: bytes) -> bool:
        """Whether it says something new of how far it is."""
        name, _, value = line.strip().partition(b"=")
        if name not in _SIGNS or self._signs.get(name) == value:
            return False
        self._signs[name] = value
        if name == b"out_time_us" and value.isdigit():
            self._done_seconds = int(value) / 1_000_000
        return True
