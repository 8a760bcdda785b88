"""Who is next on the device: by priority, fairly between recordings, and with others that fit into the same batch."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
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


@dataclass(eq=False)
class _Waiting:
    """A piece in line.

    Attributes:
        since: when it joined.
    """

    piece: Piece
    since: float = field(default_factory=time.monotonic)

    @property
    def recording(self) -> Recording:
        return self.piece.recording


class Line:
    """The pieces that are ready for the device, of all recordings.

    Between recordings of the same priority, the next is the one that was given least: a clip of a few seconds is not
    held behind a recording of three hours. One that joins later is counted as if it had been given as much as the one
    that was served last (start-time fair queueing, Goyal, Vin and Cheng, 1996).
    """

    def __init__(self, models: Loaded) -> None:
        self._models = models
        self._waiting: list[_Waiting] = []
        self._now_seconds = 0.0
        self._takers = 0
        self._changed = threading.Condition()

    def put(self, pieces: Iterable[Piece]) -> None:
        """Line up."""
        with self._changed:
            for piece in pieces:
                if not self._holds(piece.recording):
                    piece.recording.given_seconds = max(piece.recording.given_seconds, self._now_seconds)
                self._waiting.append(_Waiting(piece))
            self._changed.notify_all()

    def drop(self, recording: Recording) -> None:
        """Forget all of a recording."""
        with self._changed:
            self._waiting = [one for one in self._waiting if one.recording is not recording]

    def holds(self, recording: Recording) -> bool:
        """Whether any of it is in line."""
        with self._changed:
            return self._holds(recording)

    def _holds(self, recording: Recording) -> bool:
        return any(one.recording is recording for one in self._waiting)

    def take(self) -> list[Piece]:
        """Wait for the pieces whose turn it is: one batch. Whoever calls is idle meanwhile, and shares with others."""
        with self._changed:
            self._takers += 1
            self._changed.wait_for(lambda: self._waiting)
            batch = self._batch()
            self._takers -= 1
            return [one.piece for one in batch]

    def _batch(self) -> list[_Waiting]:
        first = self._first()
        batch = [first]
        if not first.piece.is_alone:
            batch += self._fitting(first)
        self._waiting = [one for one in self._waiting if one not in batch]
        self._now_seconds = max(self._now_seconds, first.recording.given_seconds)
        for one in batch:
            one.recording.given_seconds += one.piece.seconds
        return batch

    def _first(self) -> _Waiting:
        """The first whose model is loaded, unless another has waited too long."""
        line = sorted(self._waiting, key=self._rank)
        if time.monotonic() - line[0].since > _PATIENCE_SECONDS:
            return line[0]
        return next((one for one in line if self._models.has(one.piece.asked.source)), line[0])

    def _rank(self, one: _Waiting) -> tuple[float, float, float]:
        return -one.recording.priority, one.recording.given_seconds, one.since

    def _fitting(self, first: _Waiting) -> list[_Waiting]:
        """Others of which the same is asked, those of about the same length first; as many as there is room for."""
        same = [one for one in self._waiting if one is not first and self._fits(one.piece, first.piece)]
        same.sort(key=lambda one: (-one.recording.priority, abs(_window(one) - _window(first)), self._rank(one)))
        room = self._room([first, *same]) - _window(first)
        fitting = []
        for one in same:
            room -= _window(one)
            if room < 0:
                break
            fitting.append(one)
        return fitting

    def _room(self, ready: list[_Waiting]) -> float:
        """Of the window, in seconds: no more than this one's share, where others are idle too."""
        room = self._models.room_seconds(ready[0].piece.asked.source)
        return min(room, sum(_window(one) for one in ready) / self._takers)

    @staticmethod
    def _fits(piece: Piece, first: Piece) -> bool:
        if piece.is_alone or piece.asked != first.asked:
            return False
        return 1 / _STRETCH <= piece.window_seconds / first.window_seconds <= _STRETCH


def _window(one: _Waiting) -> float:
    return one.piece.window_seconds
