"""A recording in stretches of a few minutes, cut where nobody speaks.

A stretch is what one piece of device work is prepared from, so a recording of any length needs the memory of one
stretch, and the next is cut while this one is decoded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from faster_whisper.vad import VadOptions, get_speech_timestamps

from worker.engines.speech.sound import RATE, Samples, Sound

# Long, because the last window of a stretch is seldom full and costs the device as much as a full one.
LONGEST_SECONDS = 300.0

# Pauses are looked for finely; speech parted by less than a breath is kept together, and padded, as Whisper likes it.
_FINE = VadOptions(min_silence_duration_ms=160, speech_pad_ms=0)
_BREATH_SECONDS = 2.0
_PAD_SECONDS = 0.4
_HUSH_SECONDS = 0.4

Span = tuple[int, int]


@dataclass(frozen=True)
class Stretch:
    """A piece of a recording.

    Attributes:
        start, end: its samples in the recording.
        spoken: its samples to decode, counted from ``start``; ordered, apart, none where nobody speaks.
        samples: the sound of ``spoken``, joined.
    """

    start: int
    end: int
    spoken: list[Span]
    samples: Samples

    @property
    def end_seconds(self) -> float:
        """Where it ends in the recording."""
        return self.end / RATE


def cut(sound: Sound, start: int, *, vad: bool) -> Stretch:
    """The stretch that begins with sample ``start``."""
    samples = sound.cut(start, start + round(LONGEST_SECONDS * RATE))
    whole = start + samples.size >= sound.samples
    if not vad:
        length = samples.size if whole else _quietest(samples)
        return Stretch(start, start + length, [(0, length)] if length else [], samples[:length])
    heard = _heard(samples)
    length = samples.size if whole else _pause(heard, samples.size)
    spoken = _together([(first, min(last, length)) for first, last in heard if first < length], length)
    return Stretch(start, start + length, spoken, _joined(samples, spoken))


def _heard(samples: Samples) -> list[Span]:
    return [(one["start"], one["end"]) for one in get_speech_timestamps(samples, _FINE)] if samples.size else []


def _pause(heard: list[Span], length: int) -> int:
    """The middle of the longest pause in the second half; the very end where there is none."""
    edges = [0, *(edge for span in heard for edge in span), length]
    pauses = zip(edges[::2], edges[1::2], strict=True)
    late = [(end - start, (start + end) // 2) for start, end in pauses if end > start and (start + end) > length]
    return max(late)[1] if late else length


def _quietest(samples: Samples) -> int:
    """The middle of the quietest moment in the second half."""
    hush = round(_HUSH_SECONDS * RATE)
    half = samples[samples.size // 2 :]
    moments = half[: half.size // hush * hush].reshape(-1, hush)
    quietest = int(np.argmin(np.square(moments).sum(axis=1)))
    return samples.size // 2 + quietest * hush + hush // 2


def _together(heard: list[Span], length: int) -> list[Span]:
    """Speech with the short pauses in it, padded where there is room."""
    merged: list[Span] = []
    for start, end in heard:
        if merged and start - merged[-1][1] < _BREATH_SECONDS * RATE:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    pad = round(_PAD_SECONDS * RATE)
    return [(max(0, start - pad), min(length, end + pad)) for start, end in merged]


def _joined(samples: Samples, spoken: list[Span]) -> Samples:
    return np.concatenate([samples[start:end] for start, end in spoken]) if spoken else samples[:0]
