"""A model in memory, and how it gets there."""

from __future__ import annotations

import threading
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


def load(source: str, settings: SpeechSettings, measured: Path | None) -> Model:
    """The model of this name, hub id or folder; ``measured`` is the file that keeps what was measured of this machine.

    Raises:
        ModelUnavailableError: there is no such model, or it cannot be fetched.
        EngineCrashedError: the device's memory is full.
    """
    device = _device(settings)
    try:
        return _loaded(source, settings, device, measured)
    except Exception as error:
        raise _unavailable(source, error) from error


def _loaded(source: str, settings: SpeechSettings, device: str, measured: Path | None) -> Model:
    is_here = Path(source).is_dir()
    folder = Path(source if is_here else download_model(source))
    name = folder.name if is_here else source
    precision = _precision(settings, device)
    lanes = _lanes(name, folder, settings, device, precision, measured)
    whisper = WhisperModel(
        str(folder), device=device, compute_type=precision, cpu_threads=lanes.threads, num_workers=lanes.workers
    )
    room = capacity(settings, device, (folder / "model.bin").stat().st_size, lanes.workers)
    # A GPU is given one batch at a time; the next is prepared meanwhile.
    batches = lanes.workers + (device == "cuda")
    return Model(name, whisper, room, batches, threading.Semaphore(lanes.workers), 1 / lanes.workers)


def _lanes(
    name: str, folder: Path, settings: SpeechSettings, device: str, precision: str, measured: Path | None
) -> Lanes:
    cores = usable_cores()
    if device != "cpu":
        return Lanes(workers=1, threads=cores)
    if settings.workers or settings.threads:
        workers = settings.workers or 1
        return Lanes(workers=workers, threads=settings.threads or max(1, cores // workers))
    return choose(name, folder, precision, cores, measured)


def _device(settings: SpeechSettings) -> str:
    if settings.device != "auto":
        return settings.device
    return "cuda" if ctranslate2.get_cuda_device_count() else "cpu"


def _precision(settings: SpeechSettings, device: str) -> str:
    if settings.compute_type != "default":
        return settings.compute_type
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
