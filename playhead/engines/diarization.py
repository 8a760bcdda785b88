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


class Diarized(BaseModel):
    """Who speaks when in a recording."""

    turns: list[Turn] = Field(description="By start.")
    device_seconds: float = Field(0.0, ge=0, description="Time of the device that this took.")


class Diarizer(Protocol):
    """Speech to turns."""

    def require(self) -> None:
        """Raise :class:`ModelUnavailableError` where :meth:`diarize` would."""
        ...

    async def diarize(self, recording: Path, *, minimum: int | None = None, maximum: int | None = None) -> Diarized:
        """Say who speaks when; ``minimum`` and ``maximum`` bound the number of speakers.

        There are never more than ``maximum``; there are ``minimum`` as far as voices can be told apart.

        Raises:
            ModelUnavailableError: the extra ``speakers`` is not installed on this worker (permanent).
            MediaUnreadableError, MediaWithoutAudioError, TooLargeError, EngineCrashedError, EngineDiedError: as
                :class:`~playhead.engines.speech.Transcriber`'s.
        """
        ...
