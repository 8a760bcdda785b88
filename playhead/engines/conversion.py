"""From one media format to another: what is asked of a converter."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

MediaFormat = Literal["mp4", "mp3", "m4a", "opus", "wav", "flac"]

TARGET_LUFS = -16.0
"""Loudness that normalised sound is brought to where nobody asks for another: what podcasts are asked for, and players
on phones are set to."""


class ConversionOptions(BaseModel):
    """What is to come out."""

    model_config = ConfigDict(frozen=True)

    format: MediaFormat
    start_seconds: float = Field(0.0, description="Leave out what comes before.")
    end_seconds: float | None = Field(None, description="Leave out what comes after.")
    audio_only: bool = False
    normalize: bool = Field(default=False, description="Bring to `loudness_lufs`, as EBU R 128 measures it.")
    loudness_lufs: float = TARGET_LUFS
    bitrate_kbps: int | None = Field(None, description="Of the sound; None takes what suits the format.")


class MediaStream(BaseModel):
    """One stream of the output."""

    model_config = ConfigDict(frozen=True)

    type: Literal["video", "audio"]
    codec: str = Field(description="As ffmpeg names it, e.g. `h264`, `aac`.", examples=["aac"])
    copied: bool = Field(description="Its data are those of the input: nothing was lost.")
    width: int | None = Field(None, description="Of a picture, in pixels.")
    height: int | None = Field(None, description="Of a picture, in pixels.")
    sample_rate: int | None = Field(None, description="Of sound, in hertz.")
    channels: int | None = Field(None, description="Of sound.")


class Loudness(BaseModel):
    """Loudness before and after normalisation, as EBU R 128 (ITU-R BS.1770) measures it."""

    model_config = ConfigDict(frozen=True)

    input_lufs: float = Field(description="Integrated loudness of the input.")
    input_peak_dbtp: float = Field(description="True peak of the input.")
    input_range_lu: float = Field(description="Loudness range of the input.")
    output_lufs: float = Field(description="Integrated loudness of the output.")
    output_peak_dbtp: float = Field(description="True peak of the output, before it was encoded.")


@dataclass(frozen=True)
class Conversion:
    """How far a conversion is.

    Attributes:
        stage: loudness is measured in a pass of its own, before.
        done_seconds: of this stage, which lasts ``duration_seconds`` of the recording, if that is known.
    """

    stage: Literal["measuring", "converting"]
    done_seconds: float
    duration_seconds: float | None


class Converted(BaseModel):
    """What came out."""

    model_config = ConfigDict(frozen=True)

    duration_seconds: float
    streams: list[MediaStream]
    loudness: Loudness | None = Field(description="Null where it was not asked for, and for silence.")

    @property
    def copied(self) -> bool:
        """Whether every stream was copied, and only the container changed."""
        return all(stream.copied for stream in self.streams)


class Converter(Protocol):
    """Media to media."""

    def convert(
        self, source: Path, target: Path, options: ConversionOptions
    ) -> AsyncGenerator[Conversion | Converted, None]:
        """Convert a local file into another: how far it is, again and again, and :class:`Converted` at last.

        Closing the iterator stops the work. Nothing but ``source`` is read, whatever that refers to.

        Raises:
            MediaUnreadableError: the file does not decode (permanent).
            MediaWithoutAudioError: sound is asked for and there is none (permanent).
            InvalidError: there is nothing in the time asked for (permanent).
            TooLargeError: the output is larger than may be (permanent).
            ConverterUnavailableError: there is no ffmpeg, or one without the encoder that is needed (permanent).
            EngineCrashedError, EngineDiedError: as :class:`~playhead.engines.speech.Transcriber`'s.
        """
        ...
