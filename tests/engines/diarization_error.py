"""The diarization error rate, as NIST's md-eval scores it (Rich Transcription 2009 evaluation plan).

pyannote.metrics has it too, and would bring pandas and three packages more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import permutations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from playhead.engines import Turn
from tests.engines.talks import Truth

STEP, COLLAR = 0.01, 0.25
Active = NDArray[np.bool_]
"""Voices by frames: who speaks in which."""


class Errors(NamedTuple):
    """Each as a share of all seconds of speech."""

    missed: float
    false_alarm: float
    confusion: float

    @property
    def rate(self) -> float:
        """The diarization error rate."""
        return sum(self)


def errors(truth: Truth, turns: Sequence[Turn]) -> Errors:
    """What is wrong with the turns, in frames of 10 ms.

    Voices are matched one to one, so that most is right. Where two speak at once both count. The 0.25 s on both sides
    of a true boundary count for nothing.
    """
    found = [(turn.speaker, turn.start, turn.end) for turn in turns]
    frames = np.arange(0, max(end for _, _, end in [*truth, *found]), STEP)
    counted = np.all([abs(frames - edge) > COLLAR for _, *edges in truth for edge in edges], axis=0)
    spoken, heard = (_active(spans, frames[counted]) for spans in (truth, found))
    more = spoken.sum(axis=0) - heard.sum(axis=0)
    both = np.minimum(spoken.sum(axis=0), heard.sum(axis=0)).sum()
    wrong = more.clip(min=0).sum(), -more.clip(max=0).sum(), both - _right(spoken, heard)
    return Errors(*(float(frames / spoken.sum()) for frames in wrong))


def _active(spans: Truth, frames: NDArray[np.float64]) -> Active:
    names = sorted({who for who, _, _ in spans})
    rows = [_within(frames, [(start, end) for who, start, end in spans if who == name]) for name in names]
    return np.array(rows, bool).reshape(len(names), frames.size)


def _within(frames: NDArray[np.float64], spans: Iterable[tuple[float, float]]) -> Active:
    within: Active = np.any([(frames >= start) & (frames < end) for start, end in spans], axis=0)
    return within


def _right(spoken: Active, heard: Active) -> int:
    """Frames of speech that the right voice is found in, matched as best they can be."""
    common = spoken.astype(int) @ heard.T.astype(int)
    names, voices = common.shape
    rivals = np.pad(common, ((0, 0), (0, max(0, names - voices))))  # Nobody at all, for those that are not found.
    return max(int(rivals[range(names), chosen].sum()) for chosen in permutations(range(max(names, voices)), names))
