"""What Whisper says of a piece of sound, put at its place in the recording and in our own terms."""

from __future__ import annotations

import math

import faster_whisper.transcribe as whisper
from faster_whisper.transcribe import restore_speech_timestamps

from playhead.transcript import Segment, Word
from worker.engines.speech.chunks import Chunk
from worker.engines.speech.sound import RATE
from worker.engines.speech.spoken import Spoken

# No segment is shorter: one without any length could not be shown.
_SHORTEST_SECONDS = 0.01


class Placing:
    """Puts what the chunks of a recording say where it was said: at its times, under the next number, in order."""

    def __init__(self, first_id: int, *, with_words: bool) -> None:
        self._next_id = first_id
        self._with_words = with_words
        self._latest_start = 0.0

    def placed(self, spoken: Spoken, start: int) -> list[Segment]:
        """The segments of a chunk, whose stretch begins with sample ``start`` of the recording."""
        spans = [{"start": first, "end": last} for first, last in spoken.chunk.spans]
        found = restore_speech_timestamps(spoken.segments, spans, RATE)
        return [self._place(segment, spoken.chunk, start) for segment in found]

    def _place(self, segment: whisper.Segment, chunk: Chunk, stretch: int) -> Segment:
        """Kept within its chunk, and not before the one before it."""
        offset = stretch / RATE
        earliest = max(self._latest_start, (stretch + chunk.spans[0][0]) / RATE)
        latest = (stretch + chunk.end) / RATE
        start = min(max(offset + segment.start, earliest), latest - _SHORTEST_SECONDS)
        end = min(max(offset + segment.end, start + _SHORTEST_SECONDS), latest)
        placed = Segment(
            id=self._next_id,
            start=round(start, 3),
            end=round(end, 3),
            text=segment.text.strip(),
            avg_logprob=_finite(segment.avg_logprob),
            no_speech_prob=_finite(segment.no_speech_prob),
            compression_ratio=_finite(segment.compression_ratio),
            temperature=segment.temperature or 0.0,
            words=[_word(word, offset, start, end) for word in segment.words or []] if self._with_words else None,
        )
        self._next_id += 1
        self._latest_start = placed.start
        return placed


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
