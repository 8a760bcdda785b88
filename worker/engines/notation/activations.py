from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from worker.engines.speech.sound import unnamed

PITCHES = 88
LOWEST_PITCH = 21  # the piano's lowest key
RATE = 22_050
FRAME_SAMPLES = 256
WINDOW_SAMPLES = 2 * RATE - FRAME_SAMPLES
# Frames at each end of a window that are left to the windows beside it: there, the model hears but half of a note.
EDGE_FRAMES = 15
EDGE_SAMPLES = EDGE_FRAMES * FRAME_SAMPLES
HOP_SAMPLES = WINDOW_SAMPLES - 2 * EDGE_SAMPLES
WINDOW_FRAMES = 172 - 2 * EDGE_FRAMES

Matrix = NDArray[np.float32]


class Activations:
    """How sure the model is, frame by frame, of each of the piano's 88 pitches.

    Kept in a file without a name: an hour of music takes 220 MB, of which notes are found a few seconds at a time.

    Attributes:
        frames: how many there are.
    """

    def __init__(self, beside: Path) -> None:
        self._file = unnamed(beside)
        self.frames = 0

    def append(self, notes: Matrix, onsets: Matrix) -> None:
        """Add ``notes`` and ``onsets``, each (frames, 88), of one window."""
        self._file.write(np.stack([notes, onsets]).transpose(1, 0, 2).astype(np.float32).tobytes())
        self.frames += len(notes)

    def end_at(self, seconds: float) -> None:
        """Drop what was heard after the recording's end: the last window goes on in silence."""
        self.frames = int(np.searchsorted(frame_seconds(np.arange(self.frames)), seconds))

    def maps(self) -> tuple[Matrix, Matrix]:
        """That notes sound, and that they begin: (frames, 88) each, between 0 and 1."""
        self._file.flush()
        if not self.frames:
            return np.zeros((0, PITCHES), np.float32), np.zeros((0, PITCHES), np.float32)
        both = np.memmap(self._file, np.float32, "r", shape=(self.frames, 2, PITCHES))
        return both[:, 0], both[:, 1]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def frame_seconds(frames: NDArray[np.int64]) -> NDArray[np.float64]:
    """When frames of these numbers begin.

    A window gives 142 frames of 256 samples, and the next begins a little less than that after it.
    """
    windows, within = np.divmod(frames, WINDOW_FRAMES)
    seconds: NDArray[np.float64] = (windows * HOP_SAMPLES + within * FRAME_SAMPLES) / RATE
    return seconds
