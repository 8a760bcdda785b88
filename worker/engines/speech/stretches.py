"""A recording in stretches of a few minutes, ended where nobody speaks.

A recording of any length needs the memory of one stretch, and the next is listened through for speech while this one
is decoded.
"""

from __future__ import annotations

from dataclasses import dataclass

from faster_whisper.vad import VadOptions, get_speech_timestamps

from worker.engines.speech.chunks import Chunk, Span, pack, quietest
from worker.engines.speech.sound import RATE, Samples, Sound

# Long, because the last chunk of a stretch is seldom full and costs the device as much as a full one.
LONGEST_SECONDS = 300.0

_PAUSES = VadOptions(min_silence_duration_ms=160, speech_pad_ms=0)


@dataclass(frozen=True)
class Stretch:
    """A piece of a recording.

    Attributes:
        start, end: its samples in the recording.
        chunks: what is to be decoded of it, in order; none where nobody speaks.
    """

    start: int
    end: int
    chunks: list[Chunk]


def cut(sound: Sound, start: int, *, vad: bool) -> Stretch:
    """The stretch that begins with sample ``start``; without ``vad`` all of it is taken for speech."""
    samples = sound.cut(start, start + round(LONGEST_SECONDS * RATE))
    heard = _heard(samples, vad=vad)
    length = samples.size
    if start + length < sound.samples:
        length = _pause(heard, length) if vad else quietest(samples)
    spoken = [(first, min(last, length)) for first, last in heard if first < length]
    return Stretch(start, start + length, pack(samples[:length], spoken))


def _heard(samples: Samples, *, vad: bool) -> list[Span]:
    if not samples.size:
        return []
    if not vad:
        return [(0, samples.size)]
    return [(one["start"], one["end"]) for one in get_speech_timestamps(samples, _PAUSES)]


def _pause(heard: list[Span], length: int) -> int:
    """The middle of the longest pause in the second half; the very end where there is none."""
    edges = [0, *(edge for span in heard for edge in span), length]
    pauses = zip(edges[::2], edges[1::2], strict=True)
    late = [(end - start, (start + end) // 2) for start, end in pauses if end > start and start + end > length]
    return max(late)[1] if late else length
