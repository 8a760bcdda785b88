"""Recordings and their pieces, without any sound in them."""

from __future__ import annotations

from typing import Any

import numpy as np

from playhead.engines import SpeechInfo, SpeechOptions
from worker.engines.messages import Begin
from worker.engines.speech.chunks import Chunk
from worker.engines.speech.pieces import Asked, Piece
from worker.engines.speech.recording import Recording
from worker.engines.speech.sound import RATE
from worker.engines.speech.spoken import Spoken


def recording(number: int = 1, *, priority: int = 0, model: str = "tiny", **begin: Any) -> Recording:
    options = begin.pop("options", SpeechOptions())
    return Recording(Begin(id=number, recording="a.wav", options=options, priority=priority, **begin), model)


def piece(of: Recording, seconds: float, **asked: Any) -> Piece:
    values = {"language": "en", **of.begin.options.model_dump(exclude={"model", "vad", "language"}), **asked}
    silence = np.zeros(round(seconds * RATE), np.float32)
    return Piece(of, Asked(source=of.source, **values), Spoken(Chunk([(0, silence.size)], silence)), silence)


def info(language: str = "en", duration_seconds: float = 0.0) -> SpeechInfo:
    return SpeechInfo(language=language, language_probability=1.0, duration_seconds=duration_seconds, model="tiny")
