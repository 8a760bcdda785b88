"""From one media format to another: what is asked of a converter."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

MediaFormat = Literal["mp4", "mp3", "m4a", "opus", "wav", "flac"]


class ConversionOptions(BaseModel):
    """What is to come out."""

    model_config = ConfigDict(frozen=True)

    format: MediaFormat
    start_seconds: float = Field(0.0, description="Leave out what comes before.")
    end_seconds: float | None = Field(None, description="Leave out what comes after.")
    audio_only: bool = False
    normalize: bool = Field(default=False, description="Bring to a loudness of -16 LUFS, as EBU R 128 measures it.")
    bitrate_kbps: int | None = Field(None, description="Of the sound; None takes what suits the format.")


@dataclass(frozen=True)
class Conversion:
    """How far a conversion is.

    Attributes:
        done_seconds: of the output, which will last ``duration_seconds`` if that is known.
        copied: the streams were copied, not encoded anew.
    """

    done_seconds: float
    duration_seconds: float | None
    copied: bool = False


class Converter(Protocol):
    """Media to media."""

    def convert(self, source: Path, target: Path, options: ConversionOptions) -> AsyncGenerator[Conversion, None]:
        """Convert a local file into another, telling how far it is; at least once, at the end.

        Closing the iterator stops the work. Nothing but ``source`` is read, whatever that refers to.

        Raises:
            MediaUnreadableError: the file does not decode, or holds nothing in the time asked for (permanent).
            MediaWithoutAudioError: sound is asked for and there is none (permanent).
            EngineCrashedError, EngineDiedError: as :class:`~playhead.engines.speech.Transcriber`'s.
        """
        ...
