"""When each word was said: the decoder's attention to the sound, as faster-whisper reads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import ctranslate2
from faster_whisper import WhisperModel

from worker.engines.speech.voice import APPENDED, PREPENDED, Voice


def add_words(
    model: WhisperModel,
    encoded: ctranslate2.StorageView,
    spans: Sequence[list[dict[str, Any]]],
    seconds: Sequence[float],
    voices: Sequence[Voice],
) -> None:
    """Give each span its ``words``, and move its ``start`` and ``end`` to them.

    A batch is aligned as one, once for each language in it; the words of each piece are then found by themselves, so
    that none knows of another's pauses.
    """
    frames = [round(one * model.frames_per_second) for one in seconds]
    for voice in {id(voice): voice for voice in voices}.values():
        text = [_text(found, voice) for found in spans]
        aligned = model.find_alignment(voice.tokenizer, text, encoded, cast("Any", frames))
        for at, found in enumerate(spans):
            if voices[at] is voice:
                _spread(model, aligned[at], found, voice)


def _text(spans: list[dict[str, Any]], voice: Voice) -> list[int]:
    return [token for span in spans for token in span["tokens"] if token < voice.tokenizer.eot]


def _spread(model: WhisperModel, alignment: Any, spans: list[dict[str, Any]], voice: Voice) -> None:
    known = cast("WhisperModel", _Known(model.frames_per_second, alignment))
    WhisperModel.add_word_timestamps(
        known, [spans], voice.tokenizer, cast("Any", None), 0, PREPENDED, APPENDED, last_speech_timestamp=0.0
    )


class _Known:
    """As much of a model as ``add_word_timestamps`` asks for, with the alignment made before."""

    def __init__(self, frames_per_second: int, alignment: Any) -> None:
        self.frames_per_second = frames_per_second
        self._alignment = alignment

    def find_alignment(self, *_: Any) -> list[Any]:
        return [self._alignment]
