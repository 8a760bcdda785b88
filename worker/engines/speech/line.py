"""Who is next on the device: by priority, fairly between recordings, and with others that fit into the same batch."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import Protocol

from worker.engines.speech.pieces import Piece
from worker.engines.speech.recording import Recording

# A recording for another model waits this long for those of the loaded one: loading costs as much as many batches.
_PATIENCE_SECONDS = 30.0
# Every piece of a batch is given the window of the longest. Where they differ more, two batches are faster.
_STRETCH = 1.5


class Loaded(Protocol):
    """What the line asks of :class:`worker.engines.speech.models.Models`."""

    def has(self, source: str) -> bool:
        """Whether the model is in memory."""
        ...

    def room_seconds(self, source: str) -> float:
        """Of the window, for a batch of it."""
        ...


class Line:
    """The pieces that are ready for the device, of all recordings.

    Between recordings of the same priority, the next is the one that was given least: a clip of a few seconds is not
    held behind a recording of three hours. One that joins later is counted as if it had been given as much as the one
    that was served last (start-time fair queueing, Goyal, Vin and Cheng, 1996). Within a recording what came first goes
    first, and what is left of it too: nothing behind it can be told before.
    """

    def __init__(self, models: Loaded) -> None:
        self._models = models
        self._waiting: list[Piece] = []
        self._now_seconds = 0.0
        self._turned = 0.0
        self._takers = 0
        self._changed = threading.Condition()

    def put(self, pieces: Iterable[Piece]) -> None:
        """Line up."""
        with self._changed:
            for piece in pieces:
                if not self._holds(piece.recording):
                    piece.recording.given_seconds = max(piece.recording.given_seconds, self._now_seconds)
                self._waiting.append(piece)
            self._changed.notify_all()

    def drop(self, recording: Recording) -> None:
        """Forget all of a recording."""
        with self._changed:
            self._waiting = [one for one in self._waiting if one.recording is not recording]

    def _holds(self, recording: Recording) -> bool:
        return any(one.recording is recording for one in self._waiting)

    def take(self) -> list[Piece]:
        """Wait for the pieces whose turn it is: one batch. Whoever calls is idle meanwhile, and shares with others."""
        with self._changed:
            self._takers += 1
            self._changed.wait_for(lambda: self._waiting)
            batch = self._batch()
            self._takers -= 1
            return batch

    def _batch(self) -> list[Piece]:
        first = self._first()
        batch = [first]
        if not first.is_alone:
            batch += self._fitting(first)
        self._waiting = [one for one in self._waiting if one not in batch]
        self._now_seconds = max(self._now_seconds, first.recording.given_seconds)
        for one in batch:
            one.recording.given_seconds += one.seconds
        return batch

    def _first(self) -> Piece:
        """The first whose model is loaded, unless another waits for too long, and since long after the last change."""
        line = sorted(self._waiting, key=self._rank)
        first = line[0]
        if time.monotonic() - max(first.since, self._turned) <= _PATIENCE_SECONDS:
            first = next((one for one in line if self._models.has(one.asked.source)), first)
        if not self._models.has(first.asked.source):
            self._turned = time.monotonic()
        return first

    def _rank(self, one: Piece) -> tuple[float, float, float]:
        return -one.recording.priority, one.recording.given_seconds, one.since

    def _fitting(self, first: Piece) -> list[Piece]:
        """Others of which the same is asked, those of about the same length first; as many as there is room for."""
        same = [one for one in self._waiting if one is not first and self._fits(one, first)]
        stretch = {one: abs(one.window_seconds - first.window_seconds) for one in same}
        same.sort(key=lambda one: (-one.recording.priority, stretch[one], self._rank(one)))
        room = self._room([first, *same]) - first.window_seconds
        fitting = []
        for one in same:
            room -= one.window_seconds
            if room < 0:
                break
            fitting.append(one)
        return fitting

    def _room(self, ready: list[Piece]) -> float:
        """Of the window, in seconds: no more than this one's share, where others are idle too."""
        room = self._models.room_seconds(ready[0].asked.source)
        return min(room, sum(one.window_seconds for one in ready) / self._takers)

    @staticmethod
    def _fits(piece: Piece, first: Piece) -> bool:
        if piece.is_alone or piece.asked != first.asked:
            return False
        return 1 / _STRETCH <= piece.window_seconds / first.window_seconds <= _STRETCH
