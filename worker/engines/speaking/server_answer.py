"""A WAV file, as servers make it up while they speak: its header does not know how long it will be."""

from __future__ import annotations

import io
import wave
from array import array

from playhead.errors import ModelUnavailableError

_WIDTH = 2
# Pauses are made at this rate: a header that lies would have them fill the memory.
_RATES = range(4_000, 192_001)


def samples(content: bytes) -> tuple[int, bytes]:
    """Samples a second, and the samples of its first channel: 16 bits, little-endian.

    Raises:
        ModelUnavailableError: it is something else.
    """
    try:
        with wave.open(io.BytesIO(content)) as file:
            width, rate, channels = file.getsampwidth(), file.getframerate(), file.getnchannels()
            sound = file.readframes(file.getnframes())
    except (wave.Error, EOFError, ZeroDivisionError) as error:
        message = f"The speech server did not answer with a WAV file: {str(error) or 'it is cut off'}."
        raise ModelUnavailableError(message) from error
    if width != _WIDTH:
        raise ModelUnavailableError(f"The speech server answers with samples of {8 * width} bits: 16 are needed.")
    if rate not in _RATES:
        raise ModelUnavailableError(f"The speech server answers with {rate} samples a second: that is no speech.")
    return rate, _first(sound, channels)


def _first(sound: bytes, channels: int) -> bytes:
    width = _WIDTH * channels
    whole = sound[: len(sound) // width * width]
    return whole if channels == 1 else array("h", whole)[::channels].tobytes()
