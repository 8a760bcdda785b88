"""Text to speech: what is asked of a speaker."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field


class SpeakingOptions(BaseModel):
    """How a text is to be spoken."""

    model_config = ConfigDict(frozen=True)

    language: str = Field(description="ISO 639-1 code.")
    voice: str | None = Field(None, description="A voice of the engine; None takes its own for the language.")
    speed: float = Field(1.0, description="1 is the voice's own pace.")


@dataclass(frozen=True)
class Spoken:
    """One stretch of speech, written to the end of the file.

    Attributes:
        characters: of the text that are spoken by now.
        seconds: length of all speech so far.
    """

    characters: int
    seconds: float


class Speaker(Protocol):
    """Text to speech."""

    def speak(self, text: str, options: SpeakingOptions, target: Path) -> AsyncGenerator[Spoken, None]:
        """Speak a text into a new WAV file (mono, 16 bits), telling how far it is, sentence by sentence.

        Closing the iterator stops the work.

        Raises:
            InvalidError: there is no such voice or no voice for the language (permanent).
            EngineCrashedError, EngineDiedError: as :class:`~playhead.engines.speech.Transcriber`'s.
            SpeakerUnavailableError: the server that speaks is away (transient).
        """
        ...
