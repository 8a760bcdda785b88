"""What the model is given of a piece."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor

from tests.engines.pieces import piece, recording
from tests.engines.sounds import samples
from worker.engines.speech.decoder import features
from worker.engines.speech.sound import RATE

if TYPE_CHECKING:
    from pathlib import Path

    from worker.engines.speech.model import Model


def test_where_a_piece_has_no_sound_there_is_silence_and_no_noise(speech: Path) -> None:
    sound = samples(speech)[: 4 * RATE].astype(np.float32) / 32768
    extractor = FeatureExtractor()
    model = cast("Model", SimpleNamespace(whisper=SimpleNamespace(feature_extractor=extractor)))
    short, long = piece(recording(), 4), piece(recording(), 9)
    short.samples[:] = sound

    given = features(model, [short, long])[0]

    silent = extractor(np.pad(sound, (0, 26 * RATE)))[:, : given.shape[1]]
    assert given.shape[1] == round(long.window_seconds * 100)
    # Where the sound ends its spectrum is a frame shorter than that of sound that goes on.
    np.testing.assert_allclose(given[:, :398], silent[:, :398], atol=1e-4)
    np.testing.assert_allclose(given[:, 402:], silent[:, 402:], atol=1e-4)
