"""A diarizer without a model."""

from __future__ import annotations

import asyncio
from pathlib import Path

from playhead.engines import Diarized, Turn
from playhead.settings import StubSettings
from worker.engines.stubs.transcriber import SEGMENT_SECONDS, digest_of

VOICES = 2
# From the midst of a stub's segment to that of the next, so that segments are split.
_SHIFT_SECONDS = SEGMENT_SECONDS / 2


class StubDiarizer:
    """A :class:`~playhead.engines.Diarizer` whose speakers take turns, five seconds each; the first has but half."""

    def __init__(self, pace: StubSettings) -> None:
        self._seconds = pace.segments * SEGMENT_SECONDS

    def require(self) -> None:
        """Always there."""

    async def diarize(self, recording: Path, *, minimum: int | None = None, maximum: int | None = None) -> Diarized:
        """As :meth:`playhead.engines.Diarizer.diarize`."""
        await asyncio.to_thread(digest_of, recording)
        voices = max(minimum or 1, min(VOICES, maximum or VOICES))
        turns: list[Turn] = []
        start = 0.0
        while start < self._seconds:
            end = min(self._seconds, start + (SEGMENT_SECONDS if turns else _SHIFT_SECONDS))
            turns.append(Turn(start=start, end=end, speaker=f"S{len(turns) % voices + 1}"))
            start = end
        return Diarized(turns=turns)
