from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys
from playhead.settings import Settings
from worker.engines import make_engines
make_engines(Settings(engines=sys.argv[1]))
heavy = {"av", "numpy", "faster_whisper", "ctranslate2", "onnxruntime", "openai", "json_repair", "deepl"}
print(*sorted(heavy & set(sys.modules)))
"""


def test_a_worker_loads_no_library_of_models_before_its_first_use() -> None:
    for engines in ("stub", "real"):
        told = subprocess.run(
            [sys.executable, "-c", SCRIPT, engines],
            check=True,
            capture_output=True,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        assert told.stdout.split() == []
