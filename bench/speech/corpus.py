"""Speech whose words are known: what the tests ship, cut into sentences, and long recordings joined from those."""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass
from functools import cache
from itertools import cycle
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

RATE = 16_000
MEDIA = Path(__file__).parents[2] / "tests" / "media"
_TABLE = Path(__file__).parent / "clips.tsv"
# Faster and slower readings of a sentence are other sound to the model, and other bytes to the service.
_SPEEDS = (1.0, 1.06, 0.94, 1.1, 0.9, 1.03, 0.97)
_PAUSES_SECONDS = (0.3, 0.7, 0.4, 1.5, 0.5, 2.5)

Sound = NDArray[np.float32]


@dataclass(frozen=True)
class Clip:
    """Sound, 16,000 samples a second between -1 and 1, and what is said in it."""

    sound: Sound
    text: str

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.sound.size / RATE

    def wave(self) -> bytes:
        """As a file that anybody can play."""
        content = io.BytesIO()
        with wave.open(content, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes((self.sound * 32767).astype(np.int16).tobytes())
        return content.getvalue()


def clips(count: int) -> list[Clip]:
    """So many sentences; once all were had, they come again, spoken faster or slower."""
    spoken = [_cut(line) for line in _TABLE.read_text().splitlines()]
    return [_paced(spoken[at % len(spoken)], _SPEEDS[at // len(spoken) % len(_SPEEDS)]) for at in range(count)]


def talk(seconds: float) -> Clip:
    """A recording of about this length: sentences with pauses between them."""
    sounds: list[Sound] = []
    texts: list[str] = []
    pauses = cycle(_PAUSES_SECONDS)
    for clip in clips(round(seconds)):
        pause = np.zeros(round(next(pauses) * RATE), np.float32)
        if sum(one.size for one in sounds) + clip.sound.size + pause.size > seconds * RATE:
            break
        sounds += [clip.sound, pause]
        texts.append(clip.text)
    return Clip(np.concatenate(sounds), " ".join(texts))


def _cut(line: str) -> Clip:
    name, start, end, text = line.split("\t")
    return Clip(_loaded(name)[round(float(start) * RATE) : round(float(end) * RATE)], text)


def _paced(clip: Clip, speed: float) -> Clip:
    """Spoken ``speed`` times as fast, and higher by as much."""
    if speed == 1.0:
        return clip
    at = np.arange(0, clip.sound.size - 1, speed)
    return Clip(np.interp(at, np.arange(clip.sound.size), clip.sound).astype(np.float32), clip.text)


@cache
def _loaded(name: str) -> Sound:
    return heard(MEDIA / name).astype(np.float32) / np.float32(32768)


def heard(path: Path) -> NDArray[np.int16]:
    """All of a recording, 16,000 samples a second."""
    resampler = av.AudioResampler("s16", "mono", RATE)
    with av.open(str(path)) as file:
        parts = [one.to_ndarray().ravel() for frame in file.decode(audio=0) for one in resampler.resample(frame)]
    return np.concatenate(parts).astype(np.int16)
