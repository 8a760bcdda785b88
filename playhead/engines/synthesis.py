"""Text to speech: what is asked of a speaker."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

SpeakingEngine = Literal["espeak", "piper", "server"]


class SpeakingOptions(BaseModel):
    """How a text is to be spoken."""

    model_config = ConfigDict(frozen=True)

    language: str = Field(description="ISO 639-1 code.")
    engine: SpeakingEngine | None = Field(None, description="None takes the one of the settings.")
    voice: str | None = Field(None, description="A voice of the engine; None takes its own for the language.")
    speed: float = Field(1.0, description="1 is the voice's own pace.")


class Voice(BaseModel):
    """Somebody who speaks."""

    model_config = ConfigDict(frozen=True)

    engine: str
    name: str = Field(description="As jobs ask for it.")
    language: str = Field(description="ISO 639-1 code.")


@dataclass(frozen=True)
class Spoken:
    """How far the speech is.

    Attributes:
        characters: up to here the text is spoken; all of its characters at the end.
        seconds: length of all speech so far.
        sample_rate: samples a second of the WAV file.
    """

    characters: int
    seconds: float
    sample_rate: int


class Speaker(Protocol):
    """Text to speech."""

    async def voices(self, engine: SpeakingEngine | None = None) -> Sequence[Voice]:
        """Who can speak; of this engine alone, if one is named. A server does not tell whom it has."""
        ...

    def speak(self, text: str, options: SpeakingOptions, target: Path) -> AsyncGenerator[Voice | Spoken, None]:
        """Speak a text into a new WAV file (mono, 16 bits): the :class:`Voice` first, then how far it is.

        A line of the text is a paragraph. It is spoken a few sentences at a time. Closing the iterator stops the work.

        Raises:
            InvalidError: there is no such engine or voice here, or no voice for the language (permanent).
            DocumentUnreadableError: there is nothing in the text that could be spoken (permanent).
            ModelUnavailableError: the engine or its voice is not installed (permanent).
            EngineCrashedError, EngineDiedError: as :class:`~playhead.engines.speech.Transcriber`'s.
            SpeakerUnavailableError: the server that speaks is away (transient).
        """
        ...
