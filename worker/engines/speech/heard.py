from __future__ import annotations

from dataclasses import dataclass

import faster_whisper.transcribe as whisper


@dataclass(frozen=True)
class Heard:
    """What the model made of a piece.

    Attributes:
        segments: their times are those of the piece.
        rest_seconds: from here on the model was not through with it; None where it was.
        is_doubtful: whether it is to be decoded again with more care.
        is_scant: whether most of it was left out.
    """

    language: str
    language_probability: float
    segments: list[whisper.Segment]
    rest_seconds: float | None
    is_doubtful: bool
    is_scant: bool = False
