"""The process with Piper in it."""

from __future__ import annotations

import json
from collections.abc import Generator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from playhead.errors import ModelUnavailableError
from worker.engines.child.serving import serve
from worker.engines.speaking.piper_source import PiperRequest
from worker.engines.speaking.source import Said

if TYPE_CHECKING:
    from piper import PiperVoice


def say(request: PiperRequest) -> Generator[Said | None, None, None]:
    """Speak a piece of text."""
    voice = _voice(request.model, request.threads)
    yield None
    from piper import SynthesisConfig

    pace = SynthesisConfig(length_scale=voice.config.length_scale / request.speed)
    with Path(request.into).open("wb") as file:
        for chunk in voice.synthesize(request.text, pace):
            file.write(chunk.audio_int16_bytes)
            yield None
    yield Said(sample_rate=voice.config.sample_rate)


@lru_cache(maxsize=2)
def _voice(model: str, threads: int) -> PiperVoice:
    try:
        from piper import PiperConfig, PiperVoice
    except ImportError as error:
        raise ModelUnavailableError("Piper is not installed: install the extra `piper` on the worker.") from error
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    try:
        config = PiperConfig.from_dict(json.loads(Path(f"{model}.json").read_text()))
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # whatever a file that is no voice makes of the libraries
        message = f"The Piper voice {Path(model).name} could not be loaded ({type(error).__name__})."
        raise ModelUnavailableError(message) from error
    return PiperVoice(session=session, config=config)


if __name__ == "__main__":
    serve(PiperRequest, say)
