"""What the model hears at once, and what is asked of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from worker.engines.speech.chunks import Chunk, quietest
from worker.engines.speech.recording import Recording
from worker.engines.speech.sound import RATE, Samples
from worker.engines.speech.spoken import Spoken

LONGEST_SECONDS = 30.0
"""The window that Whisper was made for."""

# Whisper hears silence after speech, or makes words up. Measured with the clips of bench/speech, clear and in noise:
# with 6 s more than the speech it errs as with 8, with 4 or 5 a tenth more often.
_MARGIN_SECONDS = 6.0


@dataclass(frozen=True)
class Asked:
    """What is asked of the model. Only pieces of which the same is asked are decoded together.

    Attributes:
        language: None where it is to be found out.
    """

    source: str
    language: str | None
    task: Literal["transcribe", "translate"]
    prompt: str | None
    hotwords: str | None
    word_timestamps: bool
    temperature: float | None


def asked_of(recording: Recording, language: str | None) -> Asked:
    """What is asked of the model for a recording in which this language is spoken."""
    options = recording.begin.options.model_dump(exclude={"model", "vad", "language"})
    return Asked(source=recording.source, language=language, **options)


@dataclass(frozen=True, eq=False)
class Piece:
    """A chunk of a recording, or what is left of one.

    Attributes:
        spoken: what its chunk comes to.
        offset_seconds: where in the chunk it begins.
        is_careful: whether it is decoded in the full window, with as much chance as it takes.
        has_failed: whether it was in a batch that failed.
        since: when its chunk was ready; what is left of it, or is decoded again, is as old.
        then: what comes after it, where it is the first half of a piece.
    """

    recording: Recording
    asked: Asked
    spoken: Spoken
    samples: Samples = field(repr=False)
    offset_seconds: float = 0.0
    is_careful: bool = False
    has_failed: bool = False
    since: float = field(default_factory=time.monotonic)
    then: Piece | None = None

    @property
    def is_opening(self) -> bool:
        """Whether it has no sound: its recording waits for its model."""
        return not self.samples.size

    @property
    def is_alone(self) -> bool:
        """Whether it shares no batch."""
        return self.is_opening or self.is_careful or self.has_failed

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.samples.size / RATE

    @property
    def window_seconds(self) -> float:
        """What the model must hear at least: short pieces need no full window."""
        if self.is_careful or self.asked.language is None:
            return LONGEST_SECONDS
        return min(LONGEST_SECONDS, self.seconds + _MARGIN_SECONDS)

    def careful(self) -> Piece:
        """The same, to be decoded with more care."""
        return replace(self, is_careful=True)

    def alone(self) -> Piece:
        """The same, in a batch of its own."""
        return replace(self, has_failed=True)

    def halved(self) -> Piece:
        """Its first half, cut where it is quiet, and the second after it."""
        middle = quietest(self.samples)
        second = self.rest(middle / RATE)
        return replace(second, samples=self.samples[:middle], offset_seconds=self.offset_seconds, then=second)

    def rest(self, start_seconds: float) -> Piece:
        """What is left of it from ``start_seconds`` on."""
        samples = self.samples[round(start_seconds * RATE) :]
        offset = self.offset_seconds + start_seconds
        return replace(self, samples=samples, offset_seconds=offset, is_careful=False, has_failed=False)


def opening(recording: Recording) -> Piece:
    """A piece without sound, with which a recording waits for its model."""
    asked = asked_of(recording, recording.begin.options.language)
    nothing = np.zeros(0, np.float32)
    return Piece(recording, asked, Spoken(Chunk([], nothing)), nothing)
