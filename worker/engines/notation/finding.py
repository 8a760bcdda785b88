from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from playhead.engines import NotationOptions, Note
from playhead.errors import TooLargeError
from worker.engines.notation.activations import (
    FRAME_SAMPLES,
    LOWEST_PITCH,
    PITCHES,
    RATE,
    Activations,
    Matrix,
    frame_seconds,
)
from worker.engines.notation.onsets import onsets

# So many frames, an eighth of a second, may a note be unheard and go on.
_TOLERANCE = 11
# More than in four hours of the densest piano music. Beyond it is noise, of which low thresholds make notes without
# end: they would take gigabytes of memory, here and in the worker.
_MOST_NOTES = 250_000
_MOST_ONSETS = 4 * _MOST_NOTES  # not each makes a note
_MOST_LOUD = 20_000_000  # frames of a pitch that might be within a note

F = TypeVar("F")
Found = tuple[int, int, int]  # first frame, the frame after the last, pitch


def find_notes(activations: Activations, options: NotationOptions) -> list[Note]:
    """The notes that sound in a recording, by start, then pitch.

    Raises:
        TooLargeError: there are more than anybody can play.
    """
    sounding, beginning = activations.maps()
    lowest, highest = _range(options)
    energy = _Energy(sounding, lowest, highest, options)
    wanted = slice(lowest, highest)
    begun = _few(onsets(sounding[:, wanted], beginning[:, wanted], options.onset_threshold), _MOST_ONSETS)
    by_onset = energy.from_onsets((frame, lowest + row) for frame, row in begun)
    found = _few(chain(by_onset, energy.from_peaks()), _MOST_NOTES)
    notes = [_note(sounding, *one) for one in found]
    return sorted(notes, key=lambda note: (note.start, note.pitch))


def _few(found: Iterable[F], most: int) -> list[F]:
    few = list(islice(found, most + 1))
    _require_few(len(few), most)
    return few


def _require_few(found: int, most: int) -> None:
    if found > most:
        raise TooLargeError(
            f"There would be more than {_MOST_NOTES} notes: is it noise? Set params.onset_threshold and "
            "params.frame_threshold higher, or cut it into parts.",
            field="params.onset_threshold",
        )


def _range(options: NotationOptions) -> tuple[int, int]:
    """Rows of the pitches that are wanted, from the first up to the last."""
    lowest = 0 if options.minimum_hz is None else _row(options.minimum_hz)
    highest = PITCHES if options.maximum_hz is None else _row(options.maximum_hz) + 1
    return max(0, lowest), min(PITCHES, highest)


def _row(hz: float) -> int:
    return round(69 + 12 * float(np.log2(hz / 440))) - LOWEST_PITCH


def _note(sounding: Matrix, first: int, last: int, pitch: int) -> Note:
    start, end = frame_seconds(np.array([first, last])).round(4)
    amplitude = round(float(sounding[first:last, pitch].mean()), 4)
    return Note(start=start, end=end, pitch=pitch + LOWEST_PITCH, amplitude=min(1.0, amplitude))


class _Energy:
    """What sounds and is not yet a note. Each note takes its own away, and that of the semitones beside it."""

    def __init__(self, sounding: Matrix, lowest: int, highest: int, options: NotationOptions) -> None:
        self._left = np.zeros((PITCHES, len(sounding)), np.float32)  # a pitch is followed through time: a row each
        self._left[lowest:highest] = sounding[:, lowest:highest].T
        self._end = len(sounding) - 1
        self._threshold = options.frame_threshold
        self._shortest = round(options.minimum_note_seconds * RATE / FRAME_SAMPLES)

    def from_onsets(self, begun: Iterable[tuple[int, int]]) -> Iterator[Found]:
        """Notes from where they begin to where they fade. The last first: an earlier one ends where the next begins."""
        for first, pitch in reversed(list(begun)):
            walked, unheard = self._walk(pitch, first + 1, self._end, 1)
            last = walked - unheard
            if last - first > self._shortest:
                self._take(pitch, first, last)
                yield first, last, pitch

    def from_peaks(self) -> Iterator[Found]:
        """Notes of which no beginning was heard: around the strongest peak left, then the next (the melodia trick)."""
        for frame, pitch in self._peaks():
            if self._left[pitch, frame] <= self._threshold:  # Another note took it away.
                continue
            self._left[pitch, frame] = 0
            after, unheard = self._walk(pitch, frame + 1, self._end, 1)
            last = after - 1 - unheard
            before, unheard = self._walk(pitch, frame - 1, 0, -1)
            first = before + 1 + unheard
            self._take(pitch, frame + 1, after)
            self._take(pitch, before + 1, frame)
            if last - first > self._shortest:
                yield first, last, pitch

    def _walk(self, pitch: int, start: int, end: int, step: int) -> tuple[int, int]:
        """Follow a pitch from ``start`` to before ``end``: where it was lost, and for how many frames by then."""
        row, at, unheard = self._left[pitch], start, 0
        while (end - at) * step > 0 and unheard < _TOLERANCE:
            unheard = unheard + 1 if row[at] < self._threshold else 0
            at += step
        return at, unheard

    def _take(self, pitch: int, first: int, last: int) -> None:
        self._left[max(0, pitch - 1) : pitch + 2, first:last] = 0

    def _peaks(self) -> Iterator[tuple[int, int]]:
        """Frame and pitch of all that is loud enough to be within a note, the loudest first."""
        frames: NDArray[np.int64]
        loud = self._threshold < self._left.T
        _require_few(int(np.count_nonzero(loud)), _MOST_LOUD)
        frames, pitches = np.nonzero(loud)
        loudest = np.argsort(-self._left[pitches, frames], kind="stable")
        for one in loudest:
            yield int(frames[one]), int(pitches[one])
