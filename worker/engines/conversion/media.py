"""What is in a media file, as the probe tells it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from playhead.engines.conversion import MediaStream


class Look(BaseModel):
    """What the probe is asked: to look into the file at ``path``."""

    model_config = ConfigDict(frozen=True)

    path: str


class Stream(BaseModel):
    """One stream.

    Attributes:
        index: its place in the file.
        type: ``video``, ``audio``, ``subtitle``, ``data``, ``attachment``.
        codec: as ffmpeg names it; None where nobody can decode it.
        pixels: how its decoder lays them out, e.g. ``yuv420p``.
        is_cover: it is one picture that goes with the sound.
    """

    model_config = ConfigDict(frozen=True)

    index: int
    type: str
    codec: str | None = None
    width: int = 0
    height: int = 0
    pixels: str | None = None
    sample_rate: int = 0
    channels: int = 0
    is_cover: bool = False
    is_default: bool = False

    def told(self, *, copied: bool) -> MediaStream:
        """What users are told of it."""
        return MediaStream(
            type="video" if self.type == "video" else "audio",
            codec=self.codec or "",
            copied=copied,
            width=self.width or None,
            height=self.height or None,
            sample_rate=self.sample_rate or None,
            channels=self.channels or None,
        )


class Media(BaseModel):
    """A whole file.

    Attributes:
        demuxer: what reads it, as ffmpeg names it.
        duration_seconds: None where the file does not tell; it may lie.
        best_audio: index of the track of sound that a player would choose.
    """

    model_config = ConfigDict(frozen=True)

    demuxer: str
    duration_seconds: float | None
    best_audio: int | None
    streams: list[Stream]

    @property
    def video(self) -> Stream | None:
        """The moving picture that a player would choose."""
        found = [one for one in self.streams if one.type == "video" and one.codec and not one.is_cover]
        return max(found, key=lambda one: (one.is_default, one.width * one.height), default=None)

    @property
    def audio(self) -> Stream | None:
        """The sound that a player would choose."""
        found = (one for one in self.streams if one.index == self.best_audio)
        return next((one for one in found if one.codec and one.channels), None)

    @property
    def cover(self) -> Stream | None:
        """The first picture that goes with the sound."""
        return next((one for one in self.streams if one.is_cover and one.codec in {"mjpeg", "png"}), None)
