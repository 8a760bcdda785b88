from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import onnxruntime

from worker.engines.notation.activations import (
    EDGE_FRAMES,
    EDGE_SAMPLES,
    HOP_SAMPLES,
    PITCHES,
    RATE,
    WINDOW_SAMPLES,
    Activations,
    Matrix,
)
from worker.engines.speech.sound import Sound

MODEL = "basic-pitch 0.4.0"

_PATH = Path(__file__).with_name("nmp.onnx")
_INPUT = "serving_default_input_2:0"
_NOTES, _ONSETS = "StatefulPartitionedCall:1", "StatefulPartitionedCall:2"
# Windows given to the model at once, about seven seconds of music.
_BATCH = 4


def listen(sound: Sound, activations: Activations, threads: int) -> Iterator[float]:
    """Fill ``activations`` with all of ``sound``; how many seconds of it are heard, again and again."""
    model = _model(threads)
    starts = range(-EDGE_SAMPLES, sound.samples, HOP_SAMPLES)
    for first in range(0, len(starts), _BATCH):
        batch = starts[first : first + _BATCH]
        windows = np.stack([_window(sound, start) for start in batch])
        notes, onsets = (_whole(one) for one in model.run([_NOTES, _ONSETS], {_INPUT: windows}))
        activations.append(notes, onsets)
        yield min(sound.seconds, (batch[-1] + EDGE_SAMPLES + HOP_SAMPLES) / RATE)
    activations.end_at(sound.seconds)


@lru_cache(1)
def _model(threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(_PATH, options, providers=["CPUExecutionProvider"])


def _window(sound: Sound, start: int) -> Matrix:
    """A window from sample ``start``, which may lie before the beginning; around the recording is silence."""
    heard = sound.cut(max(0, start), start + WINDOW_SAMPLES)
    before = max(0, -start)
    return np.pad(heard, (before, WINDOW_SAMPLES - before - heard.size))[:, np.newaxis]


def _whole(output: Matrix) -> Matrix:
    """The frames of several windows, (windows, 172, 88), without those at the edges, in one row."""
    return output[:, EDGE_FRAMES:-EDGE_FRAMES].reshape(-1, PITCHES)
