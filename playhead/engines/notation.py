"""Music to notes: what is asked of a notator."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field


class NotationOptions(BaseModel):
    """What counts as a note."""

    model_config = ConfigDict(frozen=True)

    onset_threshold: float = Field(0.5, description="How sure the model must be that a note begins: 0 to 1.")
    frame_threshold: float = Field(0.3, description="How sure it must be that a note goes on: 0 to 1.")
    minimum_note_seconds: float = Field(0.1277, description="Shorter notes are dropped.")
    minimum_hz: float | None = Field(None, description="Lower notes are not looked for, to the nearest semitone.")
    maximum_hz: float | None = Field(None, description="Higher notes likewise.")


class Note(BaseModel):
    """One note."""

    model_config = ConfigDict(frozen=True)

    start: float = Field(description="Seconds.")
    end: float = Field(description="Seconds.")
    pitch: int = Field(description="MIDI note number; 60 is middle C.")
    amplitude: float = Field(description="0 to 1.")


class NotationStep(BaseModel):
    """How far the listening is, and the notes once it is done: a note may last from one chunk into the next."""

    model_config = ConfigDict(frozen=True)

    done_seconds: float
    duration_seconds: float
    device_seconds: float = 0.0
    model: str = Field(description="What listens.")
    notes: list[Note] | None = Field(None, description="In the last step only: all, by start, then pitch.")


class Notator(Protocol):
    """Music to notes."""

    def notate(self, recording: Path, options: NotationOptions) -> AsyncGenerator[NotationStep, None]:
        """Find the notes of a local recording, chunk by chunk. Closing the iterator stops the work.

        Raises:
            TooLargeError: it lasts too long, or is noise that would be notes without end.
            MediaUnreadableError, MediaWithoutAudioError, EngineCrashedError, EngineDiedError: as
                :class:`~playhead.engines.speech.Transcriber`'s.
        """
        ...
