from __future__ import annotations

import gc
import threading
from collections import OrderedDict
from pathlib import Path

from playhead.settings import SpeechSettings
from worker.engines.speech.model import Model, load
from worker.engines.speech.pieces import LONGEST_SECONDS


class Models:
    """The models in memory: as many as the settings allow, the longest unused gives way."""

    def __init__(self, settings: SpeechSettings, measured: Path | None = None) -> None:
        """``measured``: the file that keeps what was measured of this machine."""
        self._settings = settings
        self._measured = measured
        self._loaded: OrderedDict[str, Model] = OrderedDict()
        self._loading = threading.Lock()
        self._looking = threading.Lock()

    def has(self, source: str) -> bool:
        """Whether the model is in memory."""
        return source in self._loaded

    def room_seconds(self, source: str) -> float:
        """Of the window, for a batch; one full window where the model is not in memory."""
        model = self._loaded.get(source)
        return model.capacity.seconds if model else LONGEST_SECONDS

    def get(self, source: str) -> Model:
        """The model of this name, hub id or folder, loaded where it is not in memory.

        Raises:
            ModelUnavailableError: there is no such model, or it cannot be fetched.
            EngineCrashedError: the device's memory is full.
        """
        model = self._found(source)
        if model:
            return model
        with self._loading:
            return self._found(source) or self._kept(source)

    def _found(self, source: str) -> Model | None:
        """Not held up while another is loaded."""
        with self._looking:
            if source in self._loaded:
                self._loaded.move_to_end(source)
            return self._loaded.get(source)

    def _kept(self, source: str) -> Model:
        """Loaded, once there is room for it."""
        with self._looking:
            while len(self._loaded) >= self._settings.loaded_models:
                self._loaded.popitem(last=False)
        gc.collect()
        model = load(source, self._settings, self._measured)
        with self._looking:
            self._loaded[source] = model
        return model
