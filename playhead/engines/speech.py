"""Speech to text: what is asked of a transcriber."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from playhead.transcript import Segment


class SpeechOptions(BaseModel):
    """How a recording is to be transcribed."""

    model_config = ConfigDict(frozen=True)

    model: str | None = None
    language: str | None = None
    task: Literal["transcribe", "translate"] = "transcribe"
    prompt: str | None = None
    hotwords: str | None = None
    word_timestamps: bool = False
    temperature: float | None = None
    vad: bool = True


class SpeechInfo(BaseModel):
    """What the engine knows of a recording before its first segment."""

    model_config = ConfigDict(frozen=True)

    language: str
    language_probability: float
    duration_seconds: float = Field(description="Length of the recording.")
    model: str = Field(description="Name of the model in force.")


class SpeechStep(BaseModel):
    """What became known in one step of the work."""

    model_config = ConfigDict(frozen=True)

    segments: list[Segment]
    done_seconds: float = Field(description="The recording is final up to here: a later run may resume from it.")
    device_seconds: float = Field(0.0, description="Time of the device that this step took.")


class Transcriber(Protocol):
    """Speech to text."""

    def transcribe(
        self,
        recording: Path,
        options: SpeechOptions,
        *,
        resume: SpeechInfo | None = None,
        from_seconds: float = 0.0,
        first_id: int = 0,
        priority: int = 0,
    ) -> AsyncGenerator[SpeechInfo | SpeechStep, None]:
        """Transcribe a local file: one :class:`SpeechInfo` first, then steps as they are decoded.

        To go on after a crash, give the ``resume`` info that the first run yielded, the ``done_seconds`` of the
        last step kept, and the id of the next segment; nothing before that point is decoded again.
        Of several recordings at the same time, those of more ``priority`` go first.
        Closing the iterator stops the work and frees the device.

        Raises:
            MediaUnreadableError: the file does not decode (permanent).
            MediaWithoutAudioError: the file has no sound (permanent).
            ModelUnavailableError: the model cannot be loaded (permanent).
            InvalidError: the options do not fit the model, e.g. an unknown language (permanent).
            EngineCrashedError: the engine died during this recording (transient).
            EngineDiedError: the same, where the recording is to blame: the engine died or hung while it was busy with
                it and had begun no other. Said often enough of one content, no engine is given it again.
        """
        ...
