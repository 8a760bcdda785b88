"""The device at work: batches are taken from the line and decoded, side by side where that is faster."""

from __future__ import annotations

import logging
import os
import threading
import time

from playhead.errors import PlayheadError
from playhead.settings import SpeechSettings
from worker.engines.lines import EXIT_USELESS
from worker.engines.messages import Stage
from worker.engines.speech.decoder import decode, features
from worker.engines.speech.heard import Heard
from worker.engines.speech.line import Line
from worker.engines.speech.mishaps import is_memory_full
from worker.engines.speech.model import Model
from worker.engines.speech.models import Models
from worker.engines.speech.pieces import Piece
from worker.engines.speech.replies import Replies
from worker.engines.speech.roll import Roll
from worker.engines.speech.scheduler import Scheduler

log = logging.getLogger(__name__)


class Device:
    """Decodes what is in line, for ever. Only its threads compute with the models."""

    def __init__(
        self,
        settings: SpeechSettings,
        models: Models,
        line: Line,
        roll: Roll,
        scheduler: Scheduler,
        replies: Replies,
    ) -> None:
        self._settings = settings
        self._models = models
        self._line = line
        self._roll = roll
        self._scheduler = scheduler
        self._replies = replies
        self._batches = 1
        self._growing = threading.Lock()

    def run(self) -> None:
        """Serve in this thread, and in as many more as the models that are loaded can use."""
        try:
            while True:
                batch = self._scheduler.take_up(self._line.take())
                if batch:
                    self.serve(batch)
        except BaseException:
            log.exception("the device's thread ended")
            os._exit(EXIT_USELESS)

    def serve(self, batch: list[Piece]) -> None:
        """Have one batch decoded, and hand on what it says."""
        try:
            model = self._model(batch)
            heard = self._heard(model, batch) if model and not batch[0].is_opening else []
        finally:
            self._scheduler.put_down(batch)
        if model and batch[0].is_opening:
            self._scheduler.open(batch[0].recording, model)
        for piece, (found, seconds) in zip(batch, heard, strict=False):
            self._scheduler.take(piece, found, seconds)

    def _model(self, batch: list[Piece]) -> Model | None:
        """The model of the batch, loaded where it is not; None where that failed, for all of them."""
        source = batch[0].asked.source
        if not self._models.has(source):
            self._say(batch, "loading")
        try:
            model = self._models.get(source)
        except PlayheadError as error:
            for piece in batch:
                self._roll.fail(piece.recording, error)
            return None
        self._grow(model)
        return model

    def _grow(self, model: Model) -> None:
        with self._growing:
            while self._batches < model.batches:
                self._batches += 1
                threading.Thread(target=self.run, name=f"device {self._batches}", daemon=True).start()

    def _heard(self, model: Model, batch: list[Piece]) -> list[tuple[Heard, float]]:
        """What each says, and its share of the device's time; nothing where the batch failed."""
        self._say(batch, "decoding")
        try:
            spectra = features(model, batch)
            with model.device:
                began = time.perf_counter()
                heard = decode(model, batch, spectra, self._settings.beam_size)
                took = time.perf_counter() - began
        except Exception as error:  # noqa: BLE001 - told apart there
            self._failed(model, batch, error)
            return []
        model.capacity.learn(sum(piece.window_seconds for piece in batch), took)
        seconds = sum(piece.seconds for piece in batch)
        return [(one, took * model.share * piece.seconds / seconds) for one, piece in zip(heard, batch, strict=True)]

    def _failed(self, model: Model, batch: list[Piece], error: Exception) -> None:
        """Of several, none need be to blame: they are tried again, in smaller batches or each alone."""
        if len(batch) == 1:
            with self._roll.reporting(batch[0].recording):
                raise error
        elif is_memory_full(error):
            model.capacity.shrink(sum(piece.window_seconds for piece in batch))
            self._line.put(batch)
        else:
            log.error("a batch of %d failed", len(batch), exc_info=error)
            self._line.put([piece.alone() for piece in batch])

    def _say(self, batch: list[Piece], stage: Stage) -> None:
        for number in {piece.recording.id for piece in batch}:
            self._replies.working(number, stage)
