"""What Whisper says of a piece of sound, put at its place in the recording and in our own terms."""

from __future__ import annotations

import math

import faster_whisper.transcribe as whisper

from playhead.transcript import Segment, Word

# No segment is shorter: one without any length could not be shown.
_SHORTEST_SECONDS = 0.01


def place(
    segment: whisper.Segment, number: int, offset: float, first: float, last: float, *, with_words: bool
) -> Segment:
    """The segment under its ``number``, moved by ``offset`` seconds and kept between ``first`` and ``last``."""
    start = min(max(offset + segment.start, first), last - _SHORTEST_SECONDS)
    end = min(max(offset + segment.end, start + _SHORTEST_SECONDS), last)
    return Segment(
        id=number,
        start=round(start, 3),
        end=round(end, 3),
        text=segment.text.strip(),
        avg_logprob=_finite(segment.avg_logprob),
        no_speech_prob=_finite(segment.no_speech_prob),
        compression_ratio=_finite(segment.compression_ratio),
        temperature=segment.temperature or 0.0,
        words=[_word(word, offset, start, end) for word in segment.words or []] if with_words else None,
    )


def _word(word: whisper.Word, offset: float, first: float, last: float) -> Word:
    return Word(
        start=round(min(max(offset + word.start, first), last), 3),
        end=round(min(max(offset + word.end, first), last), 3),
        text=word.word.strip(),
        probability=_finite(word.probability),
    )


def _finite(value: float) -> float:
    """Models give NaN where a window holds no token; JSON has no such number."""
    return float(value) if math.isfinite(value) else 0.0
