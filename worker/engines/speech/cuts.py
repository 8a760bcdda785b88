"""What the model said, cut where it says that a segment ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

_SECONDS_PER_STAMP = 0.02


@dataclass(frozen=True)
class Span:
    """Tokens from one time token to another; times are seconds from the start of the window."""

    start: float
    end: float
    tokens: list[int]


def cut(tokens: Sequence[int], first_stamp: int, seconds: float) -> tuple[list[Span], float | None]:
    """The segments of a window that holds ``seconds`` of sound, and where the model was not through with it.

    Two time tokens in a row end a segment and begin another (Radford et al., "Robust Speech Recognition via Large-Scale
    Weak Supervision", 2022, section 4.5). Where nothing follows them, the model was not through. What does follow is
    taken as it is, though its end may not be named: Whisper's own ``transcribe`` decodes it again, because its windows
    end anywhere, and ours in pauses.
    """
    pairs = [at for at in range(1, len(tokens)) if tokens[at - 1] >= first_stamp <= tokens[at]]
    parts = [tokens[start:end] for start, end in pairwise([0, *pairs, len(tokens)])]
    rest = None
    if pairs and len(parts[-1]) == 1:
        rest = _time(parts.pop()[0], first_stamp)
    return [_span(part, first_stamp, seconds) for part in parts], rest


def _span(tokens: Sequence[int], first_stamp: int, seconds: float) -> Span:
    """What names no time begins with the window and ends with its sound."""
    start = _time(tokens[0], first_stamp) if tokens and tokens[0] >= first_stamp else 0.0
    end = _time(tokens[-1], first_stamp) if len(tokens) > 1 and tokens[-1] >= first_stamp else max(start, seconds)
    return Span(start, end, list(tokens))


def _time(token: int, first_stamp: int) -> float:
    return (token - first_stamp) * _SECONDS_PER_STAMP
