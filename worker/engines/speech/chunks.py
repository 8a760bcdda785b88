"""Speech packed into chunks that fill the model's window, cut in the pauses between words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from worker.engines.speech.sound import RATE, Samples

# The model hears 30 seconds at once. Measured in bench/speech: where the last few of them are silent it errs less, and
# is through with all that was said more often.
WINDOW_SECONDS = 26.0

# Pauses shorter than a breath are left in; of longer ones only the edges, for the model to hear that speech ends.
_BREATH_SECONDS = 2.0
_PAD_SECONDS = 0.4
_HUSH_SECONDS = 0.4

Span = tuple[int, int]


@dataclass(frozen=True)
class Chunk:
    """What the model hears at once.

    Attributes:
        spans: samples of the stretch that it is made of, in order, apart.
        samples: their sound, joined; at most :data:`WINDOW_SECONDS`.
    """

    spans: list[Span]
    samples: Samples

    @property
    def end(self) -> int:
        """The sample of the stretch with which it ends: work may be taken up again from here."""
        return self.spans[-1][1]


def pack(samples: Samples, heard: Sequence[Span]) -> list[Chunk]:
    """The spans in which somebody speaks, in as few chunks as their pauses allow. Nothing spoken is left out."""
    speech = [part for span in heard for part in _short(samples, span)]
    edges = _edges(speech, samples.size)
    chunks: list[Chunk] = []
    first = 0
    while first < len(speech):
        last = _last(edges, speech, first)
        spans = _joined(edges[first : last + 1])
        chunks.append(Chunk(spans, np.concatenate([samples[start:end] for start, end in spans])))
        first = last + 1
    return chunks


def quietest(samples: Samples) -> int:
    """The middle of the quietest moment in the second half."""
    hush = round(_HUSH_SECONDS * RATE)
    half = samples[samples.size // 2 :]
    moments = half[: half.size // hush * hush].reshape(-1, hush)
    return samples.size // 2 + int(np.argmin(np.square(moments).sum(axis=1))) * hush + hush // 2


def _short(samples: Samples, span: Span) -> list[Span]:
    """A span in parts that fit the window, cut where it is quietest: some never pause."""
    longest = round((WINDOW_SECONDS - 2 * _PAD_SECONDS) * RATE)
    parts: list[Span] = []
    start, end = span
    while end - start > longest:
        cut = start + quietest(samples[start : start + longest])
        parts.append((start, cut))
        start = cut
    return [*parts, (start, end)]


def _edges(speech: Sequence[Span], length: int) -> list[Span]:
    """Each span with what is to be heard around it; half of a short pause belongs to either side."""
    pad = round(_PAD_SECONDS * RATE)
    middles = [0, *((before[1] + after[0]) // 2 for before, after in pairwise(speech)), length]
    return [(max(start - pad, middles[at]), min(end + pad, middles[at + 1])) for at, (start, end) in enumerate(speech)]


def _joined(edges: Sequence[Span]) -> list[Span]:
    """Neighbours as one span, with the pause between them, unless that is long."""
    joined: list[Span] = []
    for start, end in edges:
        if joined and start - joined[-1][1] < (_BREATH_SECONDS - 2 * _PAD_SECONDS) * RATE:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _last(edges: Sequence[Span], speech: Sequence[Span], first: int) -> int:
    """The span that a chunk beginning with ``first`` ends with: before the longest pause in its last third."""
    last = first
    while last + 1 < len(edges) and _length(edges[first : last + 2]) <= WINDOW_SECONDS * RATE:
        last += 1
    if last + 1 == len(edges):
        return last
    late = [at for at in range(first, last + 1) if _length(edges[first : at + 1]) > WINDOW_SECONDS * RATE * 2 / 3]
    return max(late or [last], key=lambda at: (speech[at + 1][0] - speech[at][1], at))


def _length(edges: Sequence[Span]) -> int:
    return sum(end - start for start, end in _joined(edges))
