"""Stretches of one recording through Whisper, each going on from the words before."""

from __future__ import annotations

from collections.abc import Iterator

import faster_whisper.transcribe as whisper
from faster_whisper.transcribe import restore_speech_timestamps

from playhead.engines import SpeechInfo, SpeechOptions
from playhead.languages import UNDETERMINED
from playhead.transcript import Segment
from worker.engines.speech.models import Model
from worker.engines.speech.placing import place
from worker.engines.speech.sound import RATE
from worker.engines.speech.stretches import Stretch

# Whisper's own list: decoding that goes wrong is tried again with ever more chance in it.
_FALLBACKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
# Half of what the model can look back on; the rest is for what it is about to say.
_CONTEXT_TOKENS = 223
# Above this temperature the text is too much chance to go on from.
_TRUSTED_TEMPERATURE = 0.5


class Whispering:
    """What is carried from stretch to stretch of one recording: its language, its last words, the next number.

    Attributes:
        info: what is known of the recording; None until speech was heard, or :meth:`silent` was asked.
    """

    def __init__(
        self, options: SpeechOptions, duration_seconds: float, beam_size: int, resume: SpeechInfo | None, first_id: int
    ) -> None:
        self.info = resume
        self._options = options
        self._duration_seconds = duration_seconds
        self._beam_size = beam_size
        self._next_id = first_id
        self._context: list[int] = []
        self._latest_start = 0.0

    def segments(self, model: Model, stretch: Stretch) -> Iterator[Segment]:
        """The segments of a stretch, as they are decoded; :attr:`info` is known by the first."""
        if not stretch.spoken:
            return
        for segment in restore_speech_timestamps(self._decoded(model, stretch), _chunks(stretch), RATE):
            self._remember(segment)
            placed = self._placed(segment, stretch)
            self._latest_start = placed.start
            self._next_id += 1
            yield placed

    def silent(self, model: Model) -> None:
        """Settle :attr:`info` for a recording in which nobody speaks."""
        language = self._language() or (UNDETERMINED if model.multilingual else "en")
        self.info = self._heard(model, language, 0.0 if language == UNDETERMINED else 1.0)

    def _decoded(self, model: Model, stretch: Stretch) -> Iterator[whisper.Segment]:
        temperature = self._options.temperature
        found, info = model.whisper.transcribe(
            stretch.samples,
            language=self._language(),
            task=self._options.task,
            beam_size=self._beam_size,
            temperature=list(_FALLBACKS) if temperature is None else temperature,
            initial_prompt=self._context or self._options.prompt,
            hotwords=self._options.hotwords,
            word_timestamps=self._options.word_timestamps,
        )
        if self.info is None or self.info.language == UNDETERMINED:
            self.info = self._heard(model, info.language, info.language_probability)
        return iter(found)

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

    def _remember(self, segment: whisper.Segment) -> None:
        trusted = (segment.temperature or 0.0) <= _TRUSTED_TEMPERATURE
        self._context = [*self._context, *segment.tokens][-_CONTEXT_TOKENS:] if trusted else []

    def _placed(self, segment: whisper.Segment, stretch: Stretch) -> Segment:
        return place(
            segment,
            self._next_id,
            stretch.start / RATE,
            self._latest_start,
            stretch.end_seconds,
            with_words=self._options.word_timestamps,
        )


def _chunks(stretch: Stretch) -> list[dict[str, int]]:
    return [{"start": start, "end": end} for start, end in stretch.spoken]
