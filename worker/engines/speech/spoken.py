from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import faster_whisper.transcribe as whisper

from worker.engines.speech.chunks import Chunk


@dataclass(eq=False)
class Spoken:
    """What a chunk comes to, window by window.

    Attributes:
        segments: in order; their times are those of the chunk's sound.
        device_seconds: time of the device that it took so far.
        is_done: whether nothing of it is left to be decoded.
    """

    chunk: Chunk
    segments: list[whisper.Segment] = field(default_factory=list)
    device_seconds: float = 0.0
    is_done: bool = False

    def add(self, segments: Iterable[whisper.Segment], offset_seconds: float) -> None:
        """What is said in a window that begins there in the chunk."""
        for segment in segments:
            for timed in (segment, *(segment.words or ())):
                timed.start += offset_seconds
                timed.end += offset_seconds
            self.segments.append(segment)
