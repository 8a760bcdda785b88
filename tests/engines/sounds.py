"""Sound as samples, for tests that make recordings of their own: mono, 16 bit, 16,000 a second."""

from __future__ import annotations

import wave
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

RATE = 16_000


def samples(recording: Path) -> NDArray[np.int16]:
    """The sound of a 16,000 Hz mono recording."""
    with av.open(str(recording)) as container:
        frames = [frame.to_ndarray().ravel() for frame in container.decode(audio=0)]
    return np.concatenate(frames).astype(np.int16, copy=False)


def write_wave(path: Path, sound: NDArray[np.int16]) -> None:
    """Store ``sound`` as a WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(sound.tobytes())
