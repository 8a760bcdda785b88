"""How many pieces of work the device does side by side, and on how many threads each: chosen by measurement."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import ctranslate2
import numpy as np

from worker.engines.measured import Lanes, keep, recall

# So many pieces of sound, of so many frames (100 a second), with so many tokens said in them: about what clips are.
_PIECES, _FRAMES, _TOKENS = 2, 1200, 60
# Others may be at work on this machine: the fastest of several rounds counts, if the model is not too slow for several.
_TRIAL_SECONDS = 2.0
# Fewer lanes of more threads are better for a recording that is alone: others must be faster by more than this.
_GAIN = 1.1


def choose(name: str, model: Path, precision: str, cores: int, kept: Path | None) -> Lanes:
    """What decodes the most with the ``model`` of this name on this machine. Measured once, and ``kept`` in a file."""
    if cores == 1:
        return Lanes(workers=1, threads=1)
    known = recall(kept) if kept else {}
    case = f"{name}, {precision}, {cores} cores, {platform.processor() or platform.machine()}"
    if case not in known:
        known[case] = _measured(model, precision, cores)
        if kept:
            keep(kept, known)
    return known[case]


def _measured(model: Path, precision: str, cores: int) -> Lanes:
    best = Lanes(workers=1, threads=cores, gain=1.0)
    alone = rate = _rate(model, precision, best)
    for lanes in _others(cores):
        found = _rate(model, precision, lanes)
        if found > rate * _GAIN:
            best, rate = lanes.model_copy(update={"gain": round(found / alone, 2)}), found
    return best


def _others(cores: int) -> Iterator[Lanes]:
    """Two, four, eight ... workers, as long as there is a core for each."""
    workers = 2
    while workers <= cores:
        yield Lanes(workers=workers, threads=cores // workers)
        workers *= 2


def _rate(model: Path, precision: str, lanes: Lanes) -> float:
    """Batches a second."""
    whisper = ctranslate2.models.Whisper(
        str(model), device="cpu", compute_type=precision, inter_threads=lanes.workers, intra_threads=lanes.threads
    )
    noise = np.random.default_rng(0).normal(0, 0.3, (_PIECES, whisper.n_mels, _FRAMES)).astype(np.float32)
    rounds: list[float] = []
    with ThreadPoolExecutor(lanes.workers) as pool:
        while sum(rounds) < _TRIAL_SECONDS:
            began = time.perf_counter()
            list(pool.map(lambda _: _batch(whisper, noise), range(lanes.workers)))
            rounds.append(time.perf_counter() - began)
    return lanes.workers / min(rounds)


def _batch(whisper: ctranslate2.models.Whisper, noise: np.ndarray) -> None:
    encoded = whisper.encode(ctranslate2.StorageView.from_array(noise))
    whisper.generate(encoded, [["<|startoftranscript|>"]] * _PIECES, max_length=_TOKENS)
