"""Tiny media, made by ffmpeg and PyAV, and what is in those that come out."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import imageio_ffmpeg
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

FFMPEG = str(imageio_ffmpeg.get_ffmpeg_exe())
RATE = 16_000


def made(path: Path, *arguments: str) -> Path:
    """A file that ffmpeg makes."""
    command = [FFMPEG, "-nostdin", "-hide_banner", "-loglevel", "error", "-y", *arguments, f"file:{path}"]
    subprocess.run(command, check=True, timeout=60)
    return path


def tone(seconds: float = 1.0, *, channels: int = 1, volume: float = 0.1) -> list[str]:
    """Arguments for an input of sound."""
    wave = "|".join([f"{volume}*sin(2764*t)"] * channels)
    return ["-f", "lavfi", "-i", f"aevalsrc={wave}:s={RATE}:d={seconds}"]


def pattern(size: str = "64x48", seconds: float = 1.0) -> list[str]:
    """Arguments for an input of pictures, ten a second."""
    return ["-f", "lavfi", "-i", f"testsrc=s={size}:r=10:d={seconds}"]


def interlaced(path: Path, *codec: str) -> Path:
    """A bar that runs to the right for a second: 25 pictures, whose odd lines are a fiftieth later than their even."""
    bar = "color=black:s=64x48:r=50:d=1,format=gray,geq=lum='255*between(mod(X-4*N\\,64)\\,0\\,15)'"
    woven = f"{bar},tinterlace=mode=interleave_top,setfield=tff,format=yuv420p"
    return made(path, "-f", "lavfi", "-i", woven, *codec, "-flags", "+ilme+ildct", "-b:v", "4M")


def jerky(path: Path, times: Sequence[float], bright: Sequence[bool]) -> Path:
    """Pictures at these times, dark or bright, and a tone as long as they are bright."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=30, options={"qscale": "2"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        video.codec_context.time_base = Fraction(1, 1000)
        audio = container.add_stream("pcm_s16le", rate=RATE, layout="mono")
        for at, is_bright in zip(times, bright, strict=True):
            picture = np.full((48, 64, 3), 235 if is_bright else 20, np.uint8)
            frame = VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = round(at * 1000), Fraction(1, 1000)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        ends = [*times[1:], times[-1] + 0.1]
        lengths = [round((end - at) * RATE) for at, end in zip(times, ends, strict=True)]
        volume = np.repeat(np.array(bright) * 8000, lengths)
        sound = volume * np.sin(np.arange(volume.size) * 2 * np.pi * 440 / RATE)
        frame_of_sound = AudioFrame.from_ndarray(sound.astype(np.int16)[None], format="s16", layout="mono")
        frame_of_sound.sample_rate, frame_of_sound.pts = RATE, 0
        container.mux(audio.encode(frame_of_sound))
        container.mux(audio.encode(None))
    return path


@dataclass
class Seen:
    """What a player would show of a file.

    Attributes:
        times: of each picture, in seconds.
        brightness: of each picture, 0 to 255.
        interlaced: how many pictures are said to be so.
        sound: channels by samples, -1 to 1.
    """

    tags: dict[str, str]
    video: Any
    audio: Any
    covers: int
    times: list[float] = field(default_factory=list)
    brightness: list[float] = field(default_factory=list)
    interlaced: int = 0
    pictures: list[np.ndarray[Any, Any]] = field(default_factory=list)
    sound: np.ndarray[Any, Any] = field(default_factory=lambda: np.zeros((0, 0)))

    @property
    def sound_seconds(self) -> float:
        return float(self.sound.shape[1] / self.audio.sample_rate)


def seen(path: Path) -> Seen:
    """Decode a file."""
    with av.open(str(path)) as container:
        covers = [one for one in container.streams.video if one.disposition & av.stream.Disposition.attached_pic]
        video = next((one for one in container.streams.video if one not in covers), None)
        audio = next(iter(container.streams.audio), None)
        tags = dict(container.metadata) | (dict(audio.metadata) if audio else {})
        result = Seen(tags, video and video.codec_context, audio and audio.codec_context, len(covers))
        _decode(container, [one for one in (video, audio) if one], result)
    return result


def _decode(container: Any, streams: list[VideoStream | AudioStream], result: Seen) -> None:
    heard = []
    for frame in container.decode(streams):
        if isinstance(frame, VideoFrame):
            picture = frame.to_ndarray(format="gray")
            result.times.append(float(frame.time or 0))
            result.interlaced += frame.interlaced_frame
            result.brightness.append(float(picture.mean()))
            result.pictures.append(picture)
        elif isinstance(frame, AudioFrame):
            heard.append(_samples(frame))
    if heard:
        result.sound = np.concatenate(heard, axis=1)


def _samples(frame: AudioFrame) -> np.ndarray[Any, Any]:
    samples: Any = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    return np.asarray(samples / np.iinfo(samples.dtype).max if samples.dtype.kind == "i" else samples)
