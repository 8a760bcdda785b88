"""The speech library, the device it would run on, and the model. Looked at from a child process: it may crash."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from cli.checks.check import Check, broken, fine, note
from playhead.settings import Settings
from worker.engines import measured
from worker.engines.measured import Lanes, recall

PATIENCE_SECONDS = 60
LOOK = """
import json, os, sys
import ctranslate2
from faster_whisper.utils import download_model
model = sys.argv[1]
def find():
    if os.path.isdir(model):
        return model
    try:
        return download_model(model, local_files_only=True)
    except ValueError:
        return "unknown"
    except Exception:
        return None
path = find()
print(json.dumps({
    "version": ctranslate2.__version__,
    "gpus": ctranslate2.get_cuda_device_count(),
    "model": path,
    "complete": bool(path) and os.path.isfile(os.path.join(path, "model.bin")),
}))
"""


def check_speech(settings: Settings) -> Iterator[Check]:
    """What a worker on this machine would transcribe with."""
    if settings.engines == "stub":
        yield note("speech", "PLAYHEAD_ENGINES=stub: every transcript is made up")
    elif importlib.util.find_spec("faster_whisper") is None:
        yield note("speech", "no speech library: no worker can run on this machine")
    else:
        yield from _look(settings)


def _look(settings: Settings) -> Iterator[Check]:
    command = [sys.executable, "-c", LOOK, settings.speech.model]
    try:
        done = subprocess.run(  # noqa: S603 - our own code
            command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True
        )
        seen: dict[str, Any] = json.loads(done.stdout)
    except (subprocess.SubprocessError, ValueError) as error:
        words = (getattr(error, "stderr", "") or str(error)).strip().splitlines()[-1:]
        yield broken("speech", f"the library does not load: {''.join(words)}", "Install it anew: `make setup`.")
        return
    yield fine("speech", f"CTranslate2 {seen['version']}")
    yield _check_device(settings, int(seen["gpus"]))
    if settings.speech.device == "cpu" or not seen["gpus"]:
        yield from _check_lanes(settings)
    yield _check_model(settings.speech.model, seen)


def _check_device(settings: Settings, gpus: int) -> Check:
    wanted = settings.speech.device
    if wanted == "cuda" and not gpus:
        return broken("device", "PLAYHEAD_SPEECH__DEVICE=cuda, but no GPU is seen", "Check nvidia-smi, or take `auto`.")
    runs_on = "the CPU" if wanted == "cpu" or not gpus else f"{gpus} CUDA device{'s' if gpus > 1 else ''}"
    return fine("device", f"{wanted}: {runs_on}")


def _check_lanes(settings: Settings) -> Iterator[Check]:
    """How many batches the CPU decodes at a time."""
    workers, threads = settings.speech.workers, settings.speech.threads
    known = recall(settings.data_dir / measured.NAME)
    if workers or threads:
        yield fine("batches", f"{workers or 1} at a time, {_of(threads) if threads else 'sharing all threads'}, as set")
    elif not known:
        yield note("batches", "what is fastest here is measured when a model is first loaded")
    else:
        yield from (fine("batches", _told(case, lanes)) for case, lanes in known.items())


def _of(threads: int) -> str:
    return f"of {threads} thread{'s' * (threads > 1)} each"


def _told(case: str, lanes: Lanes) -> str:
    gain = f": {lanes.gain:g} times as fast as one with all" if lanes.workers > 1 and lanes.gain else ""
    return f"{lanes.workers} at a time, {_of(lanes.threads)}, as measured with {case}{gain}"


def _check_model(model: str, seen: dict[str, Any]) -> Check:
    if seen["model"] == "unknown":
        return broken(
            "model", f"{model!r} is no folder and no known model", "Take e.g. `small`, or a folder's full path."
        )
    if not seen["model"]:
        return note("model", f"{model} is not here yet", "It is downloaded at the first job: that needs the network.")
    if not seen["complete"]:
        return broken("model", f"{seen['model']} holds no model.bin", "Download the model again.")
    return fine("model", f"{model} in {seen['model']}" if model != seen["model"] else model)
