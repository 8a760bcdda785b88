"""Whether what the model said can be believed: Whisper's own tests, and what a window that was cut short needs more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from worker.engines.speech.pieces import LONGEST_SECONDS, Piece

# Whisper's own: text that repeats itself, words that the model itself doubts, and silence.
COMPRESSION = 2.4
LOG_PROBABILITY = -1.0
NO_SPEECH = 0.6

# Nobody speaks faster: the model talks on where the sound has ended.
_TOKENS_PER_SECOND = 12.0
# Nor slower for so long: now and then the model says the first sentence of a window, and that it fills all of it.
_LEAST_TOKENS_PER_SECOND = 1.0
_LONG_SECONDS = 10.0


@dataclass(frozen=True)
class Said:
    """What the model said of a piece: tokens, without prompt and end, and how sure it is."""

    tokens: list[int]
    text: str
    avg_logprob: float
    no_speech_prob: float
    compression_ratio: float
    temperature: float = 0.0

    @property
    def is_silence(self) -> bool:
        """Whether the model takes it for silence."""
        return self.no_speech_prob > NO_SPEECH and self.avg_logprob <= LOG_PROBABILITY

    @property
    def is_unlikely(self) -> bool:
        """Whether the model is to try again with some chance in it."""
        return self.compression_ratio > COMPRESSION or self.avg_logprob < LOG_PROBABILITY


def is_doubtful(piece: Piece, said: Said, window_seconds: float) -> bool:
    """Whether to decode the piece again, alone and with care."""
    if piece.is_careful:
        return False
    if window_seconds < LONGEST_SECONDS:
        return any(_doubts_of_short_windows(piece, said))
    return piece.asked.temperature is None and said.is_unlikely and not said.is_silence


def is_scant(said: Said, seconds: float) -> bool:
    """Whether most of what is spoken in so many seconds was left out: the model is to hear less at once."""
    return seconds > _LONG_SECONDS and not said.is_silence and len(said.tokens) < _LEAST_TOKENS_PER_SECOND * seconds


def _doubts_of_short_windows(piece: Piece, said: Said) -> Iterable[bool]:
    yield said.is_unlikely
    yield said.is_silence
    yield not said.text
    yield len(said.tokens) > _TOKENS_PER_SECOND * max(1.0, piece.seconds)
