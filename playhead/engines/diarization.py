"""Who spoke when: what is asked of a diarizer."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field


class Turn(BaseModel):
    """One stretch of speech of one speaker. Turns of several may overlap."""

    model_config = ConfigDict(frozen=True)

    start: float = Field(description="Seconds.")
    end: float = Field(description="Seconds.")
    speaker: str = Field(description="`S1` is whoever spoke first.")


class Diarizer(Protocol):
    """Speech to turns."""

    async def diarize(self, recording: Path, *, minimum: int | None = None, maximum: int | None = None) -> list[Turn]:
        """Say who speaks when, by start; ``minimum`` and ``maximum`` bound the number of speakers.

        Raises:
            ModelUnavailableError: the extra ``speakers`` is not installed on this worker (permanent).
            MediaUnreadableError, MediaWithoutAudioError, EngineCrashedError, EngineDiedError: as
                :class:`~playhead.engines.speech.Transcriber`'s.
        """
        ...
