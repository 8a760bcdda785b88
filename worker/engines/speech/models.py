from __future__ import annotations

import gc
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import ctranslate2
from faster_whisper import WhisperModel, download_model

from playhead.errors import EngineCrashedError, ModelUnavailableError, PlayheadError
from playhead.settings import SpeechSettings
from worker.engines.measured import Lanes
from worker.engines.speech.capacity import Capacity, capacity
from worker.engines.speech.cores import usable_cores
from worker.engines.speech.lanes import choose
from worker.engines.speech.pieces import LONGEST_SECONDS

# The first that a device supports: as good as full precision to the ear, and the fastest.
_PRECISIONS = {"cuda": ("float16", "int8_float32", "float32"), "cpu": ("int8", "float32")}


@dataclass(frozen=True)
class Model:
    """A model in memory, under the name that users know it by.

    Attributes:
        batches: how many of them are prepared and decoded at the same time.
        device: as many places as it decodes batches at the same time; ``share`` is what each has of the device.
    """

    name: str
    whisper: WhisperModel
    capacity: Capacity
    batches: int
    device: threading.Semaphore
    share: float

    @property
    def multilingual(self) -> bool:
        """Whether it knows more than English."""
        return bool(self.whisper.model.is_multilingual)


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
        model = self._load(source)
        with self._looking:
            self._loaded[source] = model
        return model

    def _load(self, source: str) -> Model:
        device = self._device()
        try:
            is_here = Path(source).is_dir()
            folder = Path(source if is_here else download_model(source))
            name = folder.name if is_here else source
            precision = self._precision(device)
            lanes = self._lanes(name, folder, device, precision)
            whisper = WhisperModel(
                str(folder),
                device=device,
                compute_type=precision,
                cpu_threads=lanes.threads,
                num_workers=lanes.workers,
            )
            room = capacity(self._settings, device, (folder / "model.bin").stat().st_size, lanes.workers)
        except Exception as error:
            raise _unavailable(source, error) from error
        # A GPU is given one batch at a time; the next is prepared meanwhile.
        batches = lanes.workers + (device == "cuda")
        return Model(name, whisper, room, batches, threading.Semaphore(lanes.workers), 1 / lanes.workers)

    def _lanes(self, name: str, folder: Path, device: str, precision: str) -> Lanes:
        cores = usable_cores()
        if device != "cpu":
            return Lanes(workers=1, threads=cores)
        if self._settings.workers or self._settings.threads:
            workers = self._settings.workers or 1
            return Lanes(workers=workers, threads=self._settings.threads or max(1, cores // workers))
        return choose(name, folder, precision, cores, self._measured)

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
