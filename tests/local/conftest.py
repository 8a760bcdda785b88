"""Folders that the server's user may enter, and processes that own a server."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.local.owner import Owner

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short, and open to every user: pytest's own folders are neither."""
    with tempfile.TemporaryDirectory(prefix="ph-") as name:
        Path(name).chmod(0o711)
        yield Path(name).resolve()


@pytest.fixture
def owner() -> Iterator[Callable[..., Owner]]:
    """Start another process that owns the server of a folder."""
    owners: list[Owner] = []

    def begin(data_dir: Path, *options: str) -> Owner:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.local.owner", str(data_dir), *options],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        owners.append(Owner(process))
        return owners[-1]

    yield begin
    for started in owners:
        started.process.kill()
        started.process.communicate()
