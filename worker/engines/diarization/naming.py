"""What comes after the model: one voice where it heard several that are alike or too many, and their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from playhead.engines import Turn

Print = NDArray[np.float32]


def merged(
    turns: Iterable[Turn],
    prints: Mapping[str, Print],
    alike: float,
    minimum: int | None = None,
    maximum: int | None = None,
) -> list[Turn]:
    """The turns with the most similar voices taken for one.

    That is while there are more than ``maximum``, and where the cosine of two is at least ``alike``, but leaves
    ``minimum``. A merged voice is as far from another as its farthest member is: otherwise one voice would swallow all.
    """
    turns = list(turns)
    voices = [{speaker} for speaker in sorted({turn.speaker for turn in turns})]
    while len(voices) > (minimum or 1):
        one, other = max(combinations(voices, 2), key=lambda pair: _likeness(pair, prints))
        if len(voices) <= (maximum or len(voices)) and _likeness((one, other), prints) < alike:
            break
        voices = [voice for voice in voices if voice not in (one, other)] + [one | other]
    names = {speaker: min(voice) for voice in voices for speaker in voice}
    return [turn.model_copy(update={"speaker": names.get(turn.speaker, turn.speaker)}) for turn in turns]


def named(turns: Iterable[Turn]) -> list[Turn]:
    """By start, those of one voice that touch joined, whoever speaks first called ``S1``."""
    names: dict[str, str] = {}
    joined: list[Turn] = []
    for turn in sorted(turns, key=lambda turn: (turn.start, turn.end)):
        name = names.setdefault(turn.speaker, f"S{len(names) + 1}")
        last = joined[-1] if joined else None
        if last and last.speaker == name and turn.start <= last.end:
            joined[-1] = last.model_copy(update={"end": max(last.end, turn.end)})
        else:
            joined.append(turn.model_copy(update={"speaker": name}))
    return joined


def _likeness(voices: tuple[set[str], set[str]], prints: Mapping[str, Print]) -> float:
    return min(_cosine(prints[first], prints[second]) for first, second in product(*voices))


def _cosine(first: Print, second: Print) -> float:
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))
