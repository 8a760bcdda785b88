"""What anybody would write with faster-whisper: ``python -m bench.speech.script MODEL cpu en sequential FILE...``.

``cpu`` or ``cuda``, ``sequential`` or ``batched``.

Prints the seconds that all of it took, without loading the model, and what was said in each file.
"""

from __future__ import annotations

import json
import os
import sys
import time

from faster_whisper import BatchedInferencePipeline, WhisperModel

PRECISIONS = {"cpu": "int8", "cuda": "float16"}
"""As Playhead has them."""


def main(model: str, device: str, language: str, mode: str, *files: str) -> None:
    """Transcribe the files, one after the other."""
    whisper = WhisperModel(model, device=device, compute_type=PRECISIONS[device], cpu_threads=os.cpu_count() or 1)
    batched = BatchedInferencePipeline(whisper)
    began = time.perf_counter()
    texts = []
    for file in files:
        if mode == "batched":
            segments, _ = batched.transcribe(file, language=language, beam_size=5, batch_size=8)
        else:
            segments, _ = whisper.transcribe(file, language=language, beam_size=5, vad_filter=True)
        texts.append(" ".join(segment.text.strip() for segment in segments))
    print(json.dumps({"seconds": time.perf_counter() - began, "texts": texts}))


if __name__ == "__main__":
    main(*sys.argv[1:])
