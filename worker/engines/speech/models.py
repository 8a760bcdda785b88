from __future__ import annotations

import gc
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import ctranslate2
from faster_whisper import WhisperModel

from playhead.errors import EngineCrashedError, ModelUnavailableError, PlayheadError
from playhead.settings import SpeechSettings
from worker.engines.speech.cores import usable_cores

# The first that a device supports: as good as full precision to the ear, and the fastest.
_PRECISIONS = {"cuda": ("float16", "int8_float32", "float32"), "cpu": ("int8", "float32")}


@dataclass(frozen=True)
class Model:
    """A model in memory, under the name that users know it by."""

    name: str
    whisper: WhisperModel

    @property
    def multilingual(self) -> bool:
        """Whether it knows more than English."""
        return bool(self.whisper.model.is_multilingual)


class Models:
    """The models in memory: as many as the settings allow, the longest unused gives way."""

    def __init__(self, settings: SpeechSettings) -> None:
        self._settings = settings
        self._loaded: OrderedDict[str, Model] = OrderedDict()

    def has(self, source: str) -> bool:
        """Whether the model is in memory."""
        return source in self._loaded

    def get(self, source: str) -> Model:
        """The model of this name, hub id or folder, loaded where it is not in memory.

        Raises:
            ModelUnavailableError: there is no such model, or it cannot be fetched.
            EngineCrashedError: the device's memory is full.
        """
        if source not in self._loaded:
            while len(self._loaded) >= self._settings.loaded_models:
                self._loaded.popitem(last=False)
                gc.collect()
            self._loaded[source] = self._load(source)
        self._loaded.move_to_end(source)
        return self._loaded[source]

    def _load(self, source: str) -> Model:
        device = self._device()
        try:
            whisper = WhisperModel(
                source,
                device=device,
                compute_type=self._precision(device),
                cpu_threads=self._settings.threads or usable_cores(),
            )
        except Exception as error:
            raise _unavailable(source, error) from error
        return Model(Path(source).name if Path(source).is_dir() else source, whisper)

    def _device(self) -> str:
        if self._settings.device != "auto":
            return self._settings.device
        return "cuda" if ctranslate2.get_cuda_device_count() else "cpu"

    def _precision(self, device: str) -> str:
        if self._settings.compute_type != "default":
            return self._settings.compute_type
        supported = ctranslate2.get_supported_compute_types(device)
        return next((one for one in _PRECISIONS[device] if one in supported), "default")


def _unavailable(source: str, error: Exception) -> PlayheadError:
    """What went wrong in loading, without the paths and addresses that libraries name."""
    if "out of memory" in str(error):
        return EngineCrashedError("The device has too little free memory for the model.")
    name = Path(source).name if source.startswith(("/", ".")) else source
    return ModelUnavailableError(
        f"The model {name} could not be loaded: {_reason(error)}. Known names are `tiny` to `large-v3`; "
        "a model that is not on this machine must be downloaded, or be put here and named by its folder.",
        field="params.model",
    )


def _reason(error: Exception) -> str:
    if isinstance(error, ValueError):
        return "there is no model of this name, or the device cannot compute in the precision set"
    if isinstance(error, RuntimeError):
        return "its files are not those of a CTranslate2 Whisper model, or the device is not usable"
    return f"it could not be fetched ({type(error).__name__})"
