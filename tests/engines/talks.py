"""Talks joined from recordings of known voices: who speaks when in them is known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.speech.corpus import heard
from tests.engines.sounds import RATE, write_wave

MEDIA = Path(__file__).parent.parent / "media"
PAUSE = 0.5
"""Seconds between two turns."""
_LOUD = 0.05  # of the loudest: what is less is silence

Sound = NDArray[np.int16]
Truth = list[tuple[str, float, float]]
"""A voice, and the seconds that it speaks from and to; by start. Spans of several may overlap."""


@dataclass(frozen=True)
class Talk:
    """What is to be heard, and who it is."""

    sound: Sound
    truth: Truth

    def write(self, path: Path) -> Path:
        write_wave(path, self.sound)
        return path


_FILES = {
    "austen": [f"sense-and-sensibility-0{number}.flac" for number in (870, 880, 890, 920, 930)],
    "dickens": ["two-cities.opus"],
    "operator": ["spanish.flac"],
} | {name: [f"{name}.opus"] for name in ("prompts-en", "prompts-fr", "prompts-it", "prompts-ru")}


@cache
def voice(name: str) -> Sound:
    """All that one of them says: 25 seconds, or 80 of prompts."""
    return np.concatenate([heard(MEDIA / file) for file in _FILES[name]])


def said(name: str, start: float = 0, end: float = 60) -> tuple[str, Sound]:
    """A voice, and what it says between these seconds of its recordings, without the silence before and after."""
    sound = voice(name)[round(start * RATE) : round(end * RATE)]
    loud = np.flatnonzero(np.abs(sound.astype(int)) > _LOUD * np.abs(sound.astype(int)).max())
    return name, sound[loud[0] : loud[-1] + 1]


def joined(spoken: Iterable[tuple[str, Sound]], pause: float = PAUSE) -> Talk:
    """One after the other."""
    parts, at = [], 0.0
    for who, sound in spoken:
        parts.append((who, at, sound))
        at += sound.size / RATE + pause
    return mixed(parts, at)


def mixed(parts: Iterable[tuple[str, float, Sound]], seconds: float) -> Talk:
    """Each from its second on: where two speak at once, both are heard."""
    whole = np.zeros(round(seconds * RATE), np.int32)
    truth: Truth = []
    for who, start, sound in parts:
        first = round(start * RATE)
        whole[first : first + sound.size] += sound
        truth.append((who, start, start + sound.size / RATE))
    return Talk(np.clip(whole, -(2**15), 2**15 - 1).astype(np.int16), truth)


def conversation() -> Talk:
    """Three voices in seven turns, over 75 seconds."""
    return joined(
        [
            said("austen", 0, 7.1),
            said("dickens", 0, 12),
            said("operator", 0, 8),
            said("austen", 10.09),
            said("dickens", 12, 26),
            said("operator", 8, 20),
            said("austen", 0, 7.1),
        ]
    )


def interruption() -> Talk:
    """One falls into another's word, and both go on for some seconds, twice; 44 seconds in all."""
    return mixed(
        [
            ("austen", 0, said("austen", 0, 12)[1]),
            ("dickens", 8, said("dickens", 0, 14)[1]),
            ("austen", 23, said("austen", 12)[1]),
            ("dickens", 31.7, said("dickens", 14)[1]),
        ],
        44,
    )


def discussion() -> Talk:
    """Four voices in 124 turns of five to fifteen seconds, over 21 minutes.

    Each says what it has to say four times over, never twice from and to the same word. What is said much more often
    is no longer like talk to whatever looks for voices: it is taken for one of its own.
    """
    names = ["prompts-en", "prompts-fr", "prompts-it", "prompts-ru"]
    spoken = []
    for turn in range(124):
        name = names[turn % 4]
        spoken.append((name, np.roll(voice(name), -round(turn // 4 * 9.6 * RATE))[: (5 + turn * 7 % 11) * RATE]))
    return joined(spoken)
