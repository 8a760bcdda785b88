from __future__ import annotations

import tempfile
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, cast

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
Samples = NDArray[np.float32]


class Sound:
    """A whole recording as 16-bit mono samples, ``rate`` a second, in a file without a name.

    In a file because ten hours take a gigabyte: the system keeps in memory what is being worked on. Without a name
    because then nothing is left behind, whatever ends the process.
    """

    def __init__(self, beside: Path, rate: int = RATE) -> None:
        self.rate = rate
        self._file = unnamed(beside)
        self._mapped: NDArray[np.int16] | None = None
        self.samples = 0

    @property
    def seconds(self) -> float:
        """Length of the recording."""
        return self.samples / self.rate

    def append(self, samples: NDArray[np.int16]) -> None:
        """Add ``samples``, of any shape, at the end."""
        self._file.write(samples.tobytes())
        self.samples += samples.size

    def cut(self, start: int, end: int) -> Samples:
        """The samples from ``start`` up to ``end`` as floats between -1 and 1."""
        if self._mapped is None:
            self._file.flush()
            self._mapped = np.memmap(self._file, np.int16, "r", shape=(self.samples,)) if self.samples else _nothing()
        return self._mapped[start:end].astype(np.float32) / 32768.0

    def close(self) -> None:
        """Give the file back."""
        self._mapped = None
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _nothing() -> NDArray[np.int16]:
    return np.zeros(0, np.int16)


def unnamed(beside: Path) -> BinaryIO:
    """A working file next to the recording, where there is room for large ones; else where the system keeps such."""
    try:
        return cast("BinaryIO", tempfile.TemporaryFile(dir=beside))
    except OSError:
        return cast("BinaryIO", tempfile.TemporaryFile())
