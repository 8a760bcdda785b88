"""A recording in stretches of a few minutes, ended where nobody speaks.

A recording of any length needs the memory of one stretch, and the next is listened through for speech while this one
is decoded.
"""

from __future__ import annotations

from dataclasses import dataclass

from faster_whisper.vad import VadOptions, get_speech_timestamps

from worker.engines.speech.chunks import Chunk, Span, pack
from worker.engines.speech.sound import Samples, Sound

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


def cut(sound: Sound, start: int, end: int, *, vad: bool) -> Stretch:
    """The stretch that begins with sample ``start``: up to ``end``, more than a window away, or up to a pause before.

    Unless it is the end of the recording, the last chunk is left to the next stretch: cut off here it would seldom be
    full, and costs the device as much. Without ``vad`` all of it is taken for speech.
    """
    samples = sound.cut(start, end)
    heard = _heard(samples, vad=vad)
    chunks, length = pack(samples, heard), samples.size
    if start + length < sound.samples:
        if len(chunks) > 1:
            length = chunks.pop().spans[0][0]
        elif heard and heard[-1][1] == length:
            length = _pause(heard)
            chunks = pack(samples[:length], heard[:-1])
    return Stretch(start, start + length, chunks)


def _heard(samples: Samples, *, vad: bool) -> list[Span]:
    if not samples.size:
        return []
    if not vad:
        return [(0, samples.size)]
    return [(one["start"], one["end"]) for one in get_speech_timestamps(samples, _PAUSES)]


def _pause(heard: list[Span]) -> int:
    """The middle of the pause before what is heard last."""
    before = heard[-2][1] if len(heard) > 1 else 0
    return (before + heard[-1][0]) // 2
