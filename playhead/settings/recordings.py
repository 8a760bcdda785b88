"""Engines that take recordings."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field

from playhead.settings.engines import ChildSettings


class SpeechSettings(BaseModel):
    """The Whisper model and the device it runs on."""

    model: str = Field("small", description="Whisper model: a name (`tiny.en`, `large-v3`), a hub id or a folder.")
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="Where the model runs.")
    compute_type: str = Field(
        "default",
        description="CTranslate2 compute type (`int8`, `float16`, ...); `default` suits the device.",
    )
    threads: int = Field(
        0, ge=0, description="CPU threads of one batch; 0 shares the machine's cores among the batches."
    )
    workers: int = Field(
        0,
        ge=0,
        description="Batches that the CPU decodes at the same time; 0 takes, where THREADS is 0 too, what is measured "
        "to be fastest when a model is first loaded (`playhead doctor` shows it).",
    )
    batch_size: int = Field(
        0,
        ge=0,
        description="Windows of 30 s that are decoded together, of all recordings in flight; of short ones as many "
        "more. 0 takes what fits into the device's memory: 2 on a CPU, up to 32 on a GPU.",
    )
    beam_size: int = Field(5, ge=1, description="Beams of the search; 1 is faster and less exact.")
    idle_unload_seconds: float = Field(
        300, gt=0, description="An engine idle for this long is ended, its memory freed."
    )
    recycle_after_jobs: int = Field(200, ge=1, description="The engine process is renewed after this many jobs.")
    recycle_above_bytes: int | None = Field(
        None,
        ge=0,
        description="An engine that holds more memory is renewed; its recordings go on. None takes 60 % of what the "
        "machine or container has, 0 never renews.",
    )
    start_timeout_seconds: float = Field(600, gt=0, description="How long a model may take to load or download.")
    hang_seconds: float = Field(
        600, gt=0, description="An engine that gets nowhere with a recording for this long is ended and renewed."
    )
    cancel_seconds: float = Field(
        1.5, gt=0, description="An engine that has not let go of a canceled recording by then is ended and renewed."
    )
    loaded_models: int = Field(1, ge=1, description="Models kept in memory at once; the one longest unused goes first.")
    max_recording_seconds: float = Field(86_400, gt=0, description="Longest recording that is taken, in seconds.")

    def deciding(self, model: str | None) -> dict[str, Any]:
        """What decides what is heard, for a job that names this model or none."""
        return {"model": model or self.model, "compute_type": self.compute_type, "beam_size": self.beam_size}


class NotationSettings(ChildSettings):
    """The engine that turns music into notes. It runs on the CPU, in a process of its own."""

    threads: int = Field(0, ge=0, description="CPU threads of the model; 0 takes what the machine has.")
    max_recording_seconds: float = Field(
        14_400, gt=0, description="Longest music that is taken, in seconds. An hour needs about 300 MB of memory."
    )


class DiarizationSettings(ChildSettings):
    """The engine that tells voices apart, where the extra `speakers` is installed."""

    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="Where its models run.")
    hang_seconds: float = Field(
        3600, gt=0, description="It says nothing before it is done: after this long it is ended and renewed."
    )
    max_recording_seconds: float = Field(
        28_800, gt=0, description="Longest recording that is taken, in seconds. An hour needs about 1 GB of memory."
    )


class ConverterSettings(BaseModel):
    """How media are converted."""

    ffmpeg: Path | None = Field(
        None, description="The ffmpeg to use; None takes the one on PATH, else the one that `imageio-ffmpeg` carries."
    )
    threads: int = Field(0, ge=0, description="CPU threads of one conversion; 0 takes what the machine has.")
    preset: Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower"] = Field(
        "fast", description="How much time H.264 takes for the same picture in fewer bytes."
    )
    crf: int = Field(23, ge=0, le=51, description="Quality of H.264: less is better and larger.")
    hang_seconds: float = Field(
        600, gt=0, description="An ffmpeg that gets nowhere with a recording for this long is ended."
    )
    max_output_bytes: int = Field(20 * 1024**3, gt=0, description="Largest file that a conversion may make.")
    max_pixels: int = Field(8192 * 8192, gt=0, description="Largest picture that is decoded, in pixels.")
