"""A WAV file that grows by pieces of speech."""

from __future__ import annotations

import wave
from pathlib import Path

from playhead.errors import EngineCrashedError

_WIDTH = 2


class WaveFile:
    """Mono, 16 bits, of the rate that its first piece has."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: wave.Wave_write | None = None
        self._rate = 0
        self._samples = 0

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self._samples / self._rate if self._rate else 0.0

    def append(self, part: Path, sample_rate: int, *, pause_seconds: float) -> None:
        """Add the samples in the file ``part``, which is removed, after a pause.

        Raises:
            EngineCrashedError: they have another rate than those before.
        """
        samples = part.read_bytes()
        part.unlink()
        if sample_rate != self._rate and self._rate:
            raise EngineCrashedError("The engine changed its sample rate in the midst of the text.")
        self._rate = sample_rate
        if samples:
            self._write(bytes(_WIDTH * round(pause_seconds * sample_rate)) + samples)

    def close(self) -> None:
        """Say in its header how long it is."""
        if self._file:
            self._file.close()

    def _write(self, samples: bytes) -> None:
        if self._file is None:
            self._file = wave.open(str(self._path), "wb")  # noqa: SIM115 - closed as this is
            self._file.setparams((1, _WIDTH, self._rate, 0, "NONE", "not compressed"))
        self._file.writeframes(samples)
        self._samples += len(samples) // _WIDTH
