"""The engine's order of work: recordings are read and cut by the CPU, and decoded step by step by the device."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from functools import partial

from playhead.engines import SpeechInfo, SpeechStep
from playhead.errors import PlayheadError
from playhead.settings import SpeechSettings
from worker.engines.lines import EXIT_USELESS
from worker.engines.messages import Begin
from worker.engines.speech.decoding import Decoding, Part
from worker.engines.speech.mishaps import leaves_useless, mishap
from worker.engines.speech.models import Models
from worker.engines.speech.preparation import Preparation
from worker.engines.speech.recording import LetGoError, Recording
from worker.engines.speech.replies import Replies
from worker.engines.speech.sound import Sound
from worker.engines.speech.turns import Turn, Turns

log = logging.getLogger(__name__)


class Scheduler:
    """All recordings in flight. Only :meth:`run` touches the device."""

    def __init__(self, settings: SpeechSettings, replies: Replies) -> None:
        self._settings = settings
        self._replies = replies
        self._models = Models(settings)
        self._preparation = Preparation(settings, replies)
        self._turns = Turns()
        self._recordings: dict[int, Recording] = {}
        self._reading: dict[int, Future[Sound]] = {}
        self._on_device: Recording | None = None
        self._lock = threading.Lock()

    def begin(self, begin: Begin) -> None:
        """Take a recording on."""
        recording = Recording(begin, begin.options.model or self._settings.model)
        self._recordings[recording.id] = recording
        self._reading[recording.id] = reading = self._preparation.read(recording)
        reading.add_done_callback(partial(self._was_read, recording))

    def cancel(self, number: int) -> None:
        """Let go of a recording: at once, unless it is being read, or the device is in the midst of a step of it.

        Those say so when they let go. A reader that never does is lost to all recordings: the worker, which waits for
        no answer for ever, ends the engine.
        """
        recording = self._recordings.get(number)
        if recording is None:
            return
        with self._lock:
            recording.cancel()
            if recording is self._on_device:
                return
        reading = self._reading.get(number)
        if reading is None or reading.cancel() or reading.done():
            self._end(recording)

    def run(self) -> None:
        """Serve every recording in its turn, for ever."""
        while True:
            turn = self._turns.take(self._models.has)
            with self._reporting(turn.decoding.recording):
                self._serve(turn)
            if turn.decoding.recording.id not in self._recordings:
                turn.close()

    def _was_read(self, recording: Recording, reading: Future[Sound]) -> None:
        self._reading.pop(recording.id, None)
        with self._reporting(recording):
            sound = reading.result()
            if recording.is_canceled:
                sound.close()
            recording.require_wanted()
            decoding = Decoding(recording, sound, self._settings, self._preparation)
            self._wait(Turn(decoding, decoding.parts(self._models, self._replies)))

    def _wait(self, turn: Turn) -> None:
        """Line up once the next stretch is cut: now, or later from the thread that cuts."""

        def line_up(_: object) -> None:
            self._replies.working(turn.decoding.recording.id, "waiting")
            self._turns.put(turn)

        turn.decoding.following.add_done_callback(line_up)

    def _serve(self, turn: Turn) -> None:
        recording = turn.decoding.recording
        with self._lock:
            recording.require_wanted()
            self._on_device = recording
        try:
            part = self._step(turn)
        finally:
            with self._lock:
                self._on_device = None
        recording.require_wanted()
        self._go_on(turn, part)

    def _step(self, turn: Turn) -> Part | None:
        number = turn.decoding.recording.id
        self._replies.working(number, "decoding")
        part = next(turn.parts, None)
        if isinstance(part, SpeechInfo):
            self._replies.heard(number, part)
            part = next(turn.parts, None)
        return part

    def _go_on(self, turn: Turn, part: Part | None) -> None:
        recording = turn.decoding.recording
        if part is None:
            self._end(recording)
        elif isinstance(part, SpeechStep):
            self._replies.stepped(recording.id, part)
            self._turns.put(turn)
        else:
            self._replies.working(recording.id, "reading")
            self._wait(turn)

    @contextmanager
    def _reporting(self, recording: Recording) -> Iterator[None]:
        """Say how the recording ended, if it did: nothing that is wrong with one may end the others."""
        try:
            yield
        except (LetGoError, CancelledError):
            self._end(recording)
        except PlayheadError as error:
            self._fail(recording, error)
        except Exception as error:
            log.exception("recording %d", recording.id)
            self._fail(recording, mishap(error))
            if leaves_useless(error):
                os._exit(EXIT_USELESS)

    def _end(self, recording: Recording) -> None:
        if self._recordings.pop(recording.id, None):
            self._replies.ended(recording.id)

    def _fail(self, recording: Recording, error: PlayheadError) -> None:
        if self._recordings.pop(recording.id, None):
            self._replies.failed(recording.id, error)
