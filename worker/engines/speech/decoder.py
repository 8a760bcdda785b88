"""Pieces of many recordings through Whisper, in one batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ctranslate2
import faster_whisper.transcribe as whisper
import numpy as np
from numpy.typing import NDArray

from worker.engines.speech.cuts import cut
from worker.engines.speech.gates import Said, is_doubtful, is_scant
from worker.engines.speech.heard import Heard
from worker.engines.speech.model import Model
from worker.engines.speech.pieces import Asked, Piece
from worker.engines.speech.voice import Voice
from worker.engines.speech.words import add_words

_FRAMES_PER_SECOND = 100
# Whisper's spectra are cut off eight decades below their maximum, and divided by four.
_FLOOR = 2.0

Features = NDArray[np.float32]


def features(model: Model, pieces: Sequence[Piece]) -> Features:
    """What the model is given of the pieces: log-Mel spectra, ``(pieces, Mel bands, frames)``, 100 frames a second.

    As many frames as the piece that needs most; where a piece has no sound there is silence, as the model knows it from
    its training: the floor of the spectrum. Zeros, which faster-whisper fills up with, are a faint noise: with them it
    made twice the word errors in long recordings (bench/speech).
    """
    frames = round(max(piece.window_seconds for piece in pieces) * _FRAMES_PER_SECOND) // 2 * 2
    spectra = [model.whisper.feature_extractor(piece.samples)[:, :-1][:, :frames] for piece in pieces]
    padded = np.zeros((len(pieces), spectra[0].shape[0], frames), np.float32)
    for row, spectrum in zip(padded, spectra, strict=True):
        row[:] = spectrum.max() - _FLOOR
        row[:, : spectrum.shape[1]] = spectrum
    return padded


def decode(model: Model, pieces: Sequence[Piece], spectra: Features, beam_size: int) -> list[Heard]:
    """What the pieces say, of all of which the same is asked."""
    asked = pieces[0].asked
    encoded = model.whisper.encode(spectra)
    languages = _languages(model, asked, encoded, len(pieces))
    voices = {language: Voice(model.whisper, asked, language) for language, _ in languages}
    mine = [voices[language] for language, _ in languages]
    if pieces[0].is_careful:
        said = [mine[0].carefully(encoded, beam_size)]
    else:
        said = _together(model, mine, encoded, beam_size)
    return _heard(model, pieces, spectra.shape[2] / _FRAMES_PER_SECOND, encoded, languages, mine, said)


def _languages(model: Model, asked: Asked, encoded: ctranslate2.StorageView, count: int) -> list[tuple[str, float]]:
    if not model.multilingual:
        return [("en", 1.0)] * count
    if asked.language is not None:
        return [(asked.language, 1.0)] * count
    found = model.whisper.model.detect_language(encoded)
    return [(best[0][0].strip("<|>"), best[0][1]) for best in found]


def _together(model: Model, voices: list[Voice], encoded: ctranslate2.StorageView, beam_size: int) -> list[Said]:
    results = model.whisper.model.generate(
        encoded,
        [voice.prompt for voice in voices],
        suppress_tokens=voices[0].suppressed,
        max_length=model.whisper.max_length,
        return_scores=True,
        return_no_speech_prob=True,
        **voices[0].search(beam_size),
    )
    return [voice.said(result) for voice, result in zip(voices, results, strict=True)]


def _heard(
    model: Model,
    pieces: Sequence[Piece],
    window_seconds: float,
    encoded: ctranslate2.StorageView,
    languages: list[tuple[str, float]],
    voices: list[Voice],
    said: list[Said],
) -> list[Heard]:
    cuts = [
        cut(one.tokens, voice.tokenizer.timestamp_begin, piece.seconds)
        for one, voice, piece in zip(said, voices, pieces, strict=True)
    ]
    spans: list[list[dict[str, Any]]] = [[{"seek": 0, **vars(span)} for span in found] for found, _ in cuts]
    if pieces[0].asked.word_timestamps:
        add_words(model.whisper, encoded, spans, [piece.seconds for piece in pieces], voices)
    heard = []
    for at, piece in enumerate(pieces):
        rest = cuts[at][1]
        if rest is not None and pieces[0].asked.word_timestamps:
            rest = spans[at][-1]["end"]
        segments = [] if said[at].is_silence else _segments(voices[at], said[at], spans[at])
        doubtful = is_doubtful(piece, said[at], window_seconds)
        scant = is_scant(said[at], piece.seconds if rest is None else rest)
        heard.append(Heard(*languages[at], segments, rest, doubtful, scant))
    return heard


def _segments(voice: Voice, said: Said, spans: list[dict[str, Any]]) -> list[whisper.Segment]:
    segments = []
    for span in spans:
        text = voice.tokenizer.decode(span["tokens"])
        if text.strip() and span["start"] < span["end"]:
            segments.append(_segment(text, said, span))
    return segments


def _segment(text: str, said: Said, span: dict[str, Any]) -> whisper.Segment:
    words = span.get("words")
    return whisper.Segment(
        id=0,
        seek=0,
        start=span["start"],
        end=span["end"],
        text=text,
        tokens=span["tokens"],
        avg_logprob=said.avg_logprob,
        compression_ratio=said.compression_ratio,
        no_speech_prob=said.no_speech_prob,
        words=None if words is None else [whisper.Word(**word) for word in words],
        temperature=said.temperature,
    )
