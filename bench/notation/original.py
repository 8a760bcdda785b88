"""What basic-pitch's own pipeline hears in the piece: ``python bench/notation/original.py``.

It needs an environment of its own: Python 3.11 with ``basic-pitch==0.4.0`` without its dependencies, ``onnxruntime``,
``librosa``, ``resampy``, ``mir_eval``, ``pretty_midi``, ``scikit-learn``, ``numpy<2`` and ``setuptools<80``: the
package asks for TensorFlow, which the ONNX form of its model does not need.
"""

from __future__ import annotations

import json
from pathlib import Path

import basic_pitch
from basic_pitch.inference import predict

MEDIA = Path(__file__).parents[2] / "tests" / "media"
MODEL = Path(basic_pitch.__file__).parent / "saved_models" / "icassp_2022" / "nmp.onnx"


def main() -> None:
    """Write ``tests/media/music.basic-pitch.json``: start and end in seconds, MIDI number, amplitude."""
    _, _, notes = predict(MEDIA / "music.opus", MODEL)
    found = [
        [round(float(start), 4), round(float(end), 4), int(pitch), round(float(amplitude), 4)]
        for start, end, pitch, amplitude, _ in sorted(notes)
    ]
    (MEDIA / "music.basic-pitch.json").write_text(json.dumps(found).replace("], [", "],\n[") + "\n")


if __name__ == "__main__":
    main()
