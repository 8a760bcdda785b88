"""Chunks of one recording through Whisper."""

from __future__ import annotations

from collections.abc import Iterator

import faster_whisper.transcribe as whisper
from faster_whisper.transcribe import restore_speech_timestamps

from playhead.engines import SpeechInfo, SpeechOptions
from playhead.languages import UNDETERMINED
from playhead.transcript import Segment
from worker.engines.speech.chunks import Chunk
from worker.engines.speech.models import Model
from worker.engines.speech.placing import place
from worker.engines.speech.sound import RATE
from worker.engines.speech.stretches import Stretch

# Whisper's own list: decoding that goes wrong is tried again with ever more chance in it.
_FALLBACKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
# What a chunk may end with after the last word. Whisper would take a whole window more to hear nothing in it.
_TAIL_SECONDS = 1.0


class Whispering:
    """What is carried from chunk to chunk of one recording: its language, and the next number.

    Chunks know nothing of the words before them: a model that made a mistake does not go on from it, and a later run
    that takes the work up at any chunk says the same.

    Attributes:
        info: what is known of the recording; None until speech was heard, or :meth:`silent` was called.
    """

    def __init__(
        self, options: SpeechOptions, duration_seconds: float, beam_size: int, resume: SpeechInfo | None, first_id: int
    ) -> None:
        self.info = resume
        self._options = options
        self._duration_seconds = duration_seconds
        self._beam_size = beam_size
        self._next_id = first_id
        self._latest_start = 0.0

    def segments(self, model: Model, stretch: Stretch, chunk: Chunk) -> list[Segment]:
        """What is said in a chunk; :attr:`info` is known from here on."""
        spans = [{"start": start, "end": end} for start, end in chunk.spans]
        found = restore_speech_timestamps(self._decoded(model, chunk), spans, RATE)
        return [self._placed(segment, stretch, chunk) for segment in found]

    def silent(self, model: Model) -> None:
        """Settle :attr:`info` for a recording in which nobody speaks."""
        language = self._language() or (UNDETERMINED if model.multilingual else "en")
        self.info = self._heard(model, language, 0.0 if language == UNDETERMINED else 1.0)

    def _decoded(self, model: Model, chunk: Chunk) -> Iterator[whisper.Segment]:
        temperature = self._options.temperature
        found, info = model.whisper.transcribe(
            chunk.samples,
            language=self._language(),
            task=self._options.task,
            beam_size=self._beam_size,
            temperature=list(_FALLBACKS) if temperature is None else temperature,
            initial_prompt=self._options.prompt,
            hotwords=self._options.hotwords,
            word_timestamps=self._options.word_timestamps,
        )
        if self.info is None or self.info.language == UNDETERMINED:
            self.info = self._heard(model, info.language, info.language_probability)
        for segment in found:
            # Asked before the segment is handed on: its times are moved in place.
            is_last = segment.end > chunk.samples.size / RATE - _TAIL_SECONDS
            yield segment
            if is_last:
                return

    def _language(self) -> str | None:
        known = self.info.language if self.info else UNDETERMINED
        return self._options.language if known == UNDETERMINED else known

    def _heard(self, model: Model, language: str, probability: float) -> SpeechInfo:
        return SpeechInfo(
            language=language,
            language_probability=min(1.0, probability),
            duration_seconds=self._duration_seconds,
            model=model.name,
        )

    def _placed(self, segment: whisper.Segment, stretch: Stretch, chunk: Chunk) -> Segment:
        first = max(self._latest_start, (stretch.start + chunk.spans[0][0]) / RATE)
        last = (stretch.start + chunk.end) / RATE
        with_words = self._options.word_timestamps
        placed = place(segment, self._next_id, stretch.start / RATE, first, last, with_words=with_words)
        self._next_id += 1
        self._latest_start = placed.start
        return placed
