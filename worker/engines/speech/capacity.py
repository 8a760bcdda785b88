"""How much is decoded in one batch: as much as the device has memory for, and as nobody waits too long for."""

from __future__ import annotations

import logging

from playhead.settings import SpeechSettings
from worker.engines.memory import available_bytes
from worker.engines.speech.nvidia import free_bytes
from worker.engines.speech.pieces import LONGEST_SECONDS

# More than these make no device faster: a CPU's cores are busy with few, and whoever joins waits for the whole batch.
# Measured on two cores: with two windows as fast as with one or four, clips a tenth faster.
_MOST_WINDOWS = {"cpu": 2, "cuda": 32}
# What a window takes beside the model, as a share of the model's file: attention to 1,500 frames and 448 tokens of
# five beams in each layer, in half precision on a GPU, in single precision on a CPU.
_SHARES = {"cpu": 0.6, "cuda": 0.3}

# A batch cannot be interrupted: who comes meanwhile waits for it, and an engine that is silent for minutes is ended.
_LONGEST_BATCH_SECONDS = 15.0

log = logging.getLogger(__name__)


class Capacity:
    """Room for a batch.

    Attributes:
        seconds: of the window, of all pieces together. At least one piece is decoded, however long; and no more than
            that before anything is known of how fast the device is with this model.
    """

    def __init__(self, windows: int) -> None:
        """``windows``: of 30 s, that there is memory for."""
        self._most = windows * LONGEST_SECONDS
        self.seconds = LONGEST_SECONDS

    def learn(self, seconds: float, spent_seconds: float) -> None:
        """A batch of so many seconds took the device so long."""
        in_time = _LONGEST_BATCH_SECONDS * seconds / max(spent_seconds, 0.001)
        self.seconds = max(LONGEST_SECONDS, min(self._most, in_time))

    def shrink(self, seconds: float) -> None:
        """A batch of so many seconds was too much for the device's memory: from now on half of it is tried."""
        halved = max(LONGEST_SECONDS, seconds / 2)
        if halved < self._most:
            log.warning("the device ran out of memory: batches of %.0f s from now on", halved)
            self._most = halved
        self.seconds = min(self.seconds, self._most)


def capacity(settings: SpeechSettings, device: str, model_bytes: int, batches: int) -> Capacity:
    """Room for what the settings say, or what fits, in so many batches at once, beside a model of so many bytes."""
    if settings.batch_size:
        return Capacity(settings.batch_size)
    free = free_bytes() if device == "cuda" else available_bytes()
    window_bytes = _SHARES[device] * model_bytes * batches
    fitting = _MOST_WINDOWS[device] if free is None else int(free / window_bytes)
    return Capacity(max(1, min(fitting, _MOST_WINDOWS[device])))
