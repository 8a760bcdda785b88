from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from worker.engines.notation.activations import Matrix

Onset = tuple[int, int]  # frame and pitch

# Rows looked at together: a long recording is never in memory as a whole.
_ROWS = 8192


def onsets(sounding: Matrix, beginning: Matrix, threshold: float) -> Iterator[Onset]:
    """Where a note begins, in order: the peaks in time of what the model says of beginnings, of ``threshold`` or more.

    A sudden rise in what sounds counts as well, as strong in relation to the steepest rise of the whole recording as
    the model's own beginnings are in relation to their strongest. Both maps are (frames, 88).
    """
    scale = _scale(sounding, beginning)
    for first, last in _stretches(len(sounding)):
        rows = np.maximum(beginning[first:last], scale * rises(sounding, first, last))
        inner = rows[1:-1]
        is_peak = (inner > rows[:-2]) & (inner > rows[2:]) & (inner >= threshold)
        for frame, pitch in zip(*np.nonzero(is_peak), strict=True):
            yield first + 1 + int(frame), int(pitch)


def rises(sounding: Matrix, first: int, last: int) -> NDArray[np.float32]:
    """How much more a pitch sounds than in either of the two frames before, from frame ``first`` up to ``last``."""
    before = max(0, first - 2)
    rows = sounding[before:last]
    risen = np.zeros_like(rows)
    risen[2:] = np.minimum(rows[2:] - rows[1:-1], rows[2:] - rows[:-2]).clip(min=0)
    return risen[first - before :]


def _scale(sounding: Matrix, beginning: Matrix) -> float:
    steepest = max((float(rises(sounding, *rows).max()) for rows in _stretches(len(sounding))), default=0.0)
    strongest = max((float(beginning[first:last].max()) for first, last in _stretches(len(beginning))), default=0.0)
    return strongest / steepest if steepest else 0.0


def _stretches(frames: int) -> Iterator[tuple[int, int]]:
    """All rows in stretches that overlap by two, so that each row but the first and last has its neighbours in one."""
    for first in range(0, max(frames - 2, 0), _ROWS):
        yield first, min(frames, first + _ROWS + 2)
