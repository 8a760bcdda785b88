"""What clients upload: WAV files of several sizes, each following from its number."""

from __future__ import annotations

import struct
from functools import cache
from random import Random

SIZES_BYTES = (1_000, 4_000, 16_000, 64_000, 64_000, 250_000, 1_000_000, 4_000_000)
POISON = 1000
"""Contents from this number on are for one job each: they may end in quarantine."""
RATE = 16_000


@cache
def content(number: int) -> bytes:
    """A mono recording of noise, 16 bit at 16 kHz."""
    return make(number)


def make(number: int) -> bytes:
    """As :func:`content`, not kept."""
    noise = Random(f"content {number}").randbytes(SIZES_BYTES[number] if number < POISON else 1_000)
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + len(noise),
        b"WAVE",
        b"fmt ",
        16,
        1,
        1,
        RATE,
        RATE * 2,
        2,
        16,
        b"data",
        len(noise),
    )
    return head + noise
