"""The engine's order of work: recordings are read and cut by the CPU, and decoded in shared batches by the device."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from functools import partial

from playhead.engines import SpeechInfo
from playhead.settings import SpeechSettings
from worker.engines.messages import Begin
from worker.engines.speech.decoding import Decoding
from worker.engines.speech.heard import Heard
from worker.engines.speech.line import Line
from worker.engines.speech.model import Model
from worker.engines.speech.models import Models
from worker.engines.speech.pieces import Piece, opening
from worker.engines.speech.preparation import Preparation
from worker.engines.speech.recording import Recording
from worker.engines.speech.replies import Replies
from worker.engines.speech.roll import Roll
from worker.engines.speech.sound import Sound
from worker.engines.speech.stretches import Stretch


class Scheduler:
    """All recordings in flight: read, lined up for the device piece by piece, and told step by step."""

    def __init__(self, settings: SpeechSettings, models: Models, line: Line, roll: Roll, replies: Replies) -> None:
        self._settings = settings
        self._models = models
        self._line = line
        self._roll = roll
        self._replies = replies
        self._preparation = Preparation(settings, replies)
        self._reading: dict[int, Future[Sound]] = {}
        self._lock = threading.RLock()  # What a recording comes to is told in order, whichever thread finds it out.

    def begin(self, begin: Begin) -> None:
        """Take a recording on."""
        recording = Recording(begin, begin.options.model or self._settings.model)
        self._roll.enter(recording)
        self._reading[recording.id] = reading = self._preparation.read(recording)
        reading.add_done_callback(partial(self._was_read, recording))

    def cancel(self, number: int) -> None:
        """Let go of a recording: at once, unless it is being read, or has the device for itself.

        Those say so when they let go. A reader that never does is lost to all recordings: the worker, which waits for
        no answer for ever, ends the engine. What the device makes of it in a batch with others goes nowhere.
        """
        recording = self._roll.find(number)
        if recording is None:
            return
        with self._lock:
            recording.cancel()
            self._line.drop(recording)
            if self._roll.on_device() == [recording]:
                return
        reading = self._reading.get(number)
        if reading is None or reading.cancel() or reading.done():
            self._end(recording)

    def take_up(self, batch: list[Piece]) -> list[Piece]:
        """Those that are still wanted; the device has them from now on."""
        with self._lock:
            wanted = [piece for piece in batch if self._roll.has(piece.recording) and not piece.recording.is_canceled]
            for piece in wanted:
                piece.recording.on_device += 1
            for piece in batch:
                # It came back to the line, from a batch that failed, when it was let go of.
                if piece not in wanted and not piece.recording.on_device:
                    self._end(piece.recording)
        return wanted

    def open(self, recording: Recording, model: Model) -> None:
        """Its model is loaded: find out what is to be done."""
        with self._lock, self._roll.reporting(recording):
            recording.require_wanted()
            if recording.sound:
                recording.decoding = Decoding(recording, model, recording.sound.samples)
                self._go_on(recording)
        self._clear(recording)

    def take(self, piece: Piece, heard: Heard, device_seconds: float) -> None:
        """What the device made of a piece."""
        recording = piece.recording
        with self._lock, self._roll.reporting(recording):
            if recording.is_canceled and recording.on_device:
                return  # Another batch has more of it: it is let go of when the device is free of it.
            recording.require_wanted()
            if recording.decoding:
                recording.decoding.take(piece, heard, device_seconds)
                self._go_on(recording)
        self._clear(recording)

    def put_down(self, batch: list[Piece]) -> None:
        """The device has them no more."""
        with self._lock:
            for piece in batch:
                piece.recording.on_device -= 1

    def _was_read(self, recording: Recording, reading: Future[Sound]) -> None:
        self._reading.pop(recording.id, None)
        with self._roll.reporting(recording):
            recording.sound = reading.result()
            recording.require_wanted()
            if self._models.has(recording.source):
                self.open(recording, self._models.get(recording.source))
            else:
                self._replies.working(recording.id, "waiting")
                self._line.put([opening(recording)])
        self._clear(recording)

    def _was_cut(self, recording: Recording, cutting: Future[Stretch]) -> None:
        with self._lock, self._roll.reporting(recording):
            if recording.decoding:
                recording.decoding.is_cutting = False
                recording.require_wanted()
                recording.decoding.put(cutting.result())
                self._go_on(recording)
        self._clear(recording)

    def _go_on(self, recording: Recording) -> None:
        """Tell what is known by now, and have done what can be done by now."""
        if not self._roll.has(recording) or not recording.decoding:
            return
        for part in recording.decoding.parts():
            if isinstance(part, SpeechInfo):
                self._replies.heard(recording.id, part)
            else:
                self._replies.stepped(recording.id, part)
        if recording.decoding.is_over:
            self._end(recording)
            return
        self._line.put(recording.decoding.pieces())
        self._replies.working(recording.id, "decoding" if recording.on_device else "waiting")
        self._cut(recording, recording.decoding)

    def _cut(self, recording: Recording, decoding: Decoding) -> None:
        uncut = decoding.uncut()
        if uncut and recording.sound:
            cutting = self._preparation.cut(recording, recording.sound, uncut)
            cutting.add_done_callback(partial(self._was_cut, recording))

    def _end(self, recording: Recording) -> None:
        self._roll.end(recording)
        self._clear(recording)

    def _clear(self, recording: Recording) -> None:
        """Leave nothing behind of a recording that has ended."""
        if not self._roll.has(recording):
            self._line.drop(recording)
            recording.close()
