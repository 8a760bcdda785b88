"""One recording on its way through the device: its pieces go out in any number, what they say comes back in order."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from playhead.engines import SpeechInfo, SpeechStep
from playhead.languages import UNDETERMINED
from worker.engines.fitness import require_fitting
from worker.engines.speech.chunks import Span
from worker.engines.speech.heard import Heard
from worker.engines.speech.model import Model
from worker.engines.speech.pieces import Piece, asked_of
from worker.engines.speech.placing import Placing
from worker.engines.speech.recording import Recording
from worker.engines.speech.sound import RATE
from worker.engines.speech.spoken import Spoken
from worker.engines.speech.stretches import Stretch

Part = SpeechInfo | SpeechStep

# What a piece may end with after the last word. Whisper would take a whole window more to hear nothing in it.
_TAIL_SECONDS = 1.0
# A model that gets on by less gets nowhere.
_LEAST_SECONDS = 0.1
# One waits while the other is decoded: the device is not idle between them.
_STRETCHES = 2
# Pieces of about the same length share a batch: the more there are, the less is computed for nothing. But where there
# are none yet the device waits for the first.
_STRETCH_SECONDS = 300.0
_FIRST_SECONDS = 60.0


class Decoding:
    """What is known of a recording, and what is to be done next.

    Pieces know nothing of the words before them: a model that made a mistake does not go on from it, a later run that
    takes the work up at any step says the same, and many pieces of one recording are decoded together. Only the
    language is carried over: it is found out from the first piece, which goes alone.
    """

    def __init__(self, recording: Recording, model: Model, length: int) -> None:
        """``length``: samples of the recording.

        Raises:
            InvalidError: the options do not fit the model.
        """
        begin = recording.begin
        require_fitting(begin.options, model.name, multilingual=model.multilingual)
        self._recording = recording
        self._model = model
        self._length = length
        self._duration_seconds = begin.resume.duration_seconds if begin.resume else length / RATE
        self._info = begin.resume
        self._is_told = False
        self._done_seconds = begin.from_seconds
        self._placing = Placing(begin.first_id, with_words=begin.options.word_timestamps)
        self._stretches: deque[tuple[Stretch, deque[Spoken]]] = deque()
        self._waiting: list[Piece] = []
        self._is_scouting = False
        self._uncut: int | None = round(begin.from_seconds * RATE)
        self.is_cutting = False

    @property
    def is_over(self) -> bool:
        """Whether all of it is decoded and told."""
        return self._uncut is None and not self._stretches

    def uncut(self) -> Span | None:
        """The samples that the next stretch is to be cut from, if it is to be cut now. Said once."""
        if self.is_cutting or self._uncut is None or len(self._stretches) >= _STRETCHES:
            return None
        self.is_cutting = True
        seconds = _STRETCH_SECONDS if self._stretches else _FIRST_SECONDS
        return self._uncut, self._uncut + round(seconds * RATE)

    def put(self, stretch: Stretch) -> None:
        """The next stretch is cut."""
        self.is_cutting = False
        self._uncut = stretch.end if stretch.end < self._length else None
        spoken = deque(Spoken(chunk) for chunk in stretch.chunks)
        self._stretches.append((stretch, spoken))
        asked = asked_of(self._recording, self._language())
        self._waiting += [Piece(self._recording, asked, one, one.chunk.samples) for one in spoken]

    def pieces(self) -> list[Piece]:
        """What the device may have now. Given once."""
        count = len(self._waiting) if self._language() else int(not self._is_scouting)
        ready, self._waiting = self._waiting[:count], self._waiting[count:]
        self._is_scouting = self._is_scouting or bool(ready)
        asked = asked_of(self._recording, self._language())
        return [replace(piece, asked=asked) for piece in ready]

    def take(self, piece: Piece, heard: Heard, device_seconds: float) -> None:
        """What the device made of one of them."""
        self._hear(heard)
        piece.spoken.device_seconds += device_seconds
        if heard.is_doubtful or heard.is_scant:
            self._waiting.insert(0, piece.careful() if heard.is_doubtful else piece.halved())
            return
        piece.spoken.add(heard.segments, piece.offset_seconds)
        left = _left(piece, heard)
        if left:
            self._waiting.insert(0, left)
        else:
            piece.spoken.is_done = True

    def parts(self) -> list[Part]:
        """What can be told by now, in order: the info before the first step. Given once.

        Until somebody speaks nothing can be told, because the language is not known.
        """
        steps: list[Part] = []
        while self._stretches:
            stretch, spoken = self._stretches[0]
            while spoken and spoken[0].is_done:
                steps.append(self._step(stretch, spoken.popleft()))
            if spoken:
                break
            self._stretches.popleft()
            steps += self._ended(stretch)
        if steps and not self._is_told and self._info:
            self._is_told = True
            return [self._info, *steps]
        return steps

    def _step(self, stretch: Stretch, spoken: Spoken) -> SpeechStep:
        segments = self._placing.placed(spoken, stretch.start)
        return self._done(stretch.start + spoken.chunk.end, segments=segments, device_seconds=spoken.device_seconds)

    def _ended(self, stretch: Stretch) -> list[Part]:
        if self._info is None and self.is_over:
            self._silent()
        return [self._done(stretch.end, segments=[])] if self._info else []

    def _done(self, end: int, **known: object) -> SpeechStep:
        self._done_seconds = max(self._done_seconds, end / RATE)
        return SpeechStep.model_validate({"done_seconds": self._done_seconds, **known})

    def _language(self) -> str | None:
        known = self._info.language if self._info else UNDETERMINED
        if known != UNDETERMINED:
            return known
        return self._recording.begin.options.language or (None if self._model.multilingual else "en")

    def _hear(self, heard: Heard) -> None:
        if self._info is None or self._info.language == UNDETERMINED:
            self._know(heard.language, heard.language_probability)

    def _silent(self) -> None:
        """Nobody speaks in all of it."""
        language = self._language() or UNDETERMINED
        self._know(language, 0.0 if language == UNDETERMINED else 1.0)

    def _know(self, language: str, probability: float) -> None:
        self._info = SpeechInfo(
            language=language,
            language_probability=min(1.0, probability),
            duration_seconds=self._duration_seconds,
            model=self._model.name,
        )


def _left(piece: Piece, heard: Heard) -> Piece | None:
    """What is to be decoded still, of it or after it."""
    rest = heard.rest_seconds
    if rest is not None and _LEAST_SECONDS < rest < piece.seconds - _TAIL_SECONDS:
        return piece.rest(rest)
    return piece.then
