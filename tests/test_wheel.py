"""What is installed from a wheel: all that the code reads, models and recipes too."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("playhead", "api", "worker", "cli", "local")
WITHOUT_DATA = {".py", ".pyc"}


def test_a_wheel_holds_every_file_beside_the_code(tmp_path: Path) -> None:
    build = (sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path))
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    files = (path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.is_file())
    data = {path.relative_to(ROOT).as_posix() for path in files if path.suffix not in WITHOUT_DATA}
    assert {"playhead/recipes/podcast.json", "worker/engines/notation/nmp.onnx"} <= data
    assert data - held == set()
    assert "playhead/migrations/env.py" in held
