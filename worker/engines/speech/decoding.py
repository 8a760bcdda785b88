from __future__ import annotations

import time
from collections.abc import Generator
from concurrent.futures import Future

from playhead.engines import SpeechInfo, SpeechStep
from playhead.settings import SpeechSettings
from playhead.transcript import Segment
from worker.engines.fitness import require_fitting
from worker.engines.speech.models import Model, Models
from worker.engines.speech.preparation import Preparation
from worker.engines.speech.recording import Recording
from worker.engines.speech.replies import Replies
from worker.engines.speech.sound import RATE, Sound
from worker.engines.speech.stretches import Stretch
from worker.engines.speech.whispering import Whispering

Part = SpeechInfo | SpeechStep | Future[Stretch]


class Decoding:
    """A recording that was read, on its way through the device.

    Attributes:
        following: the stretch to be decoded next, being cut.
    """

    def __init__(self, recording: Recording, sound: Sound, settings: SpeechSettings, preparation: Preparation) -> None:
        begin = recording.begin
        duration = begin.resume.duration_seconds if begin.resume else sound.seconds
        self.recording = recording
        self._sound = sound
        self._preparation = preparation
        self._whispering = Whispering(begin.options, duration, settings.beam_size, begin.resume, begin.first_id)
        self._done_seconds = begin.from_seconds
        self.following = self._cut(round(begin.from_seconds * RATE))

    def parts(self, models: Models, replies: Replies) -> Generator[Part, None, None]:
        """What it comes to, one piece of device work at a time, once the stretch :attr:`following` is cut.

        A future among the parts is the next stretch to wait for. Closing the generator ends the work.
        """
        told: SpeechInfo | None = None
        while True:
            stretch = self.following.result()
            is_last = stretch.end >= self._sound.samples
            if not is_last:
                self.following = self._cut(stretch.end)
            told = yield from self._stretch(self._model(models, replies), stretch, told, is_last=is_last)
            if is_last:
                return
            yield self.following

    def close(self) -> None:
        """Give back what it holds."""
        self._sound.close()

    def _cut(self, start: int) -> Future[Stretch]:
        return self._preparation.cut(self.recording, self._sound, start)

    def _model(self, models: Models, replies: Replies) -> Model:
        source = self.recording.source
        if not models.has(source):
            replies.working(self.recording.id, "loading")
        model = models.get(source)
        require_fitting(self.recording.begin.options, model.name, multilingual=model.multilingual)
        replies.working(self.recording.id, "decoding")
        return model

    def _stretch(
        self, model: Model, stretch: Stretch, told: SpeechInfo | None, *, is_last: bool
    ) -> Generator[Part, None, SpeechInfo | None]:
        """A step for each chunk of a stretch, the info before the first, and a step to the stretch's end.

        Until somebody speaks nothing can be told, because the language is not known.
        """
        for chunk in stretch.chunks:
            began = time.perf_counter()
            segments = self._whispering.segments(model, stretch, chunk)
            seconds = time.perf_counter() - began
            told = yield from self._tell(told)
            yield self._step(segments, stretch.start + chunk.end, seconds)
        if is_last and self._whispering.info is None:
            self._whispering.silent(model)
        told = yield from self._tell(told)
        if told:
            yield self._step([], stretch.end, 0.0)
        return told

    def _step(self, segments: list[Segment], end: int, device_seconds: float) -> SpeechStep:
        self._done_seconds = max(self._done_seconds, end / RATE)
        return SpeechStep(segments=segments, done_seconds=self._done_seconds, device_seconds=device_seconds)

    def _tell(self, told: SpeechInfo | None) -> Generator[Part, None, SpeechInfo | None]:
        if told is None and self._whispering.info:
            yield self._whispering.info
        return told or self._whispering.info
