"""Whatever PyAV can read, as sound. Recordings come from anybody: nothing in one is believed."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container.input import InputContainer
from av.packet import Packet
from numpy.typing import NDArray

from playhead.errors import MediaUnreadableError, MediaWithoutAudioError, TooLargeError
from worker.engines.speech.formats import RECORDINGS
from worker.engines.speech.media_file import MediaFile
from worker.engines.speech.sound import RATE, Sound

# What PyAV raises for media that is not what it says it is.
BROKEN = (av.FFmpegError, ValueError, IndexError, OverflowError, MemoryError)

_CONTAINER_OPTIONS = {
    # The recording is read through a file object: no demuxer may open anything by name.
    "protocol_whitelist": "none",
    "format_whitelist": ",".join(RECORDINGS),
    "probesize": str(5 * 1024 * 1024),
    "analyzeduration": "10000000",
}
# How often in a row a demuxer may stumble before the rest of the file is given up.
_STUMBLES = 50
# A file of which less than this share of the packets decodes is noise that looks like a recording.
_LEAST_DECODED = 0.1


def read(path: Path, max_seconds: float, tick: Callable[[], None], rate: int = RATE) -> Sound:
    """The sound of the recording at ``path``; damaged pieces in the midst of it are left out.

    ``tick`` is called after every packet and may raise to end the work.

    Raises:
        MediaUnreadableError: it is empty, no recording, or so damaged that nothing can be heard.
        MediaWithoutAudioError: it has no audio track.
        TooLargeError: it lasts longer than ``max_seconds``.
    """
    if path.stat().st_size == 0:
        message = "The file is empty."
        raise MediaUnreadableError(message)
    sound = Sound(path.parent, rate)
    try:
        with MediaFile(path, "rb") as file, _open(file) as container:
            _fill(sound, container, max_seconds, tick)
    except BaseException:
        sound.close()
        raise
    return sound


def _open(file: io.FileIO) -> InputContainer:
    try:
        return av.open(
            file, "r", container_options=_CONTAINER_OPTIONS, metadata_errors="ignore", buffer_size=256 * 1024
        )
    except BROKEN as error:
        message = "The file is not a recording in any known format, or it is damaged from the start."
        raise MediaUnreadableError(message) from error


def _fill(sound: Sound, container: InputContainer, max_seconds: float, tick: Callable[[], None]) -> None:
    decoder = _Decoder(_audio(container), sound.rate)
    for packet in _packets(container, decoder.stream):
        for samples in decoder.decode(packet):
            sound.append(samples)
        _require_length(sound, max_seconds)
        tick()
    for samples in decoder.rest():
        sound.append(samples)
    if not sound.samples or decoder.is_noise:
        message = "Nothing in the file could be decoded: it is damaged or cut off."
        raise MediaUnreadableError(message)


def _require_length(sound: Sound, max_seconds: float) -> None:
    if sound.seconds > max_seconds:
        message = f"The recording is longer than the {max_seconds / 3600:g} hours allowed. Cut it into parts."
        raise TooLargeError(message)


def _audio(container: InputContainer) -> AudioStream:
    stream = container.streams.best("audio")
    if isinstance(stream, AudioStream):
        return stream
    if container.streams.video and not container.streams.audio:
        message = "The file has video but no sound."
        raise MediaWithoutAudioError(message)
    message = "The file holds no audio that could be decoded: it is damaged or cut off."
    raise MediaUnreadableError(message)


def _packets(container: InputContainer, stream: AudioStream) -> Iterator[Packet[AudioStream]]:
    """Every packet that the demuxer finds, also after those it stumbles over.

    A generator that raised is at its end, so reading goes on with a new one.
    """
    stumbles = 0
    while stumbles < _STUMBLES:
        try:
            for packet in container.demux(stream):
                stumbles = 0
                yield packet
        except BROKEN:
            stumbles += 1
        else:
            return


class _Decoder:
    """Packets to samples. What does not decode is counted and left out."""

    def __init__(self, stream: AudioStream, rate: int) -> None:
        self.stream = stream
        self._rate = rate
        self._good = 0
        self._bad = 0
        self._resampler = _resampler(rate)

    @property
    def is_noise(self) -> bool:
        """Whether so little decoded that what did is an accident."""
        return self._good < _LEAST_DECODED * (self._good + self._bad)

    def decode(self, packet: Packet[AudioStream]) -> Iterator[NDArray[np.int16]]:
        try:
            frames = packet.decode()
        except BROKEN:
            self._bad += 1
            return
        for frame in frames:
            yield from self._resample(frame)

    def rest(self) -> Iterator[NDArray[np.int16]]:
        """What the resampler still holds at the end."""
        yield from self._resample(None)

    def _resample(self, frame: AudioFrame | None) -> Iterator[NDArray[np.int16]]:
        try:
            resampled = self._fit(frame)
        except BROKEN:
            self._bad += frame is not None
            return
        self._good += frame is not None
        for one in resampled:
            yield one.to_ndarray().astype(np.int16, copy=False)

    def _fit(self, frame: AudioFrame | None) -> list[AudioFrame]:
        if frame is not None:
            # Time stamps are not trusted; where they jump, the resampler would make up silence without bound.
            frame.pts = None
        try:
            return self._resampler.resample(frame)
        except ValueError:
            # The format changed in the midst of the stream, as in recordings that were joined.
            self._resampler = _resampler(self._rate)
            return self._resampler.resample(frame)


def _resampler(rate: int) -> AudioResampler:
    return AudioResampler(format="s16", layout="mono", rate=rate)
