"""Working files: a folder for each worker process, gone with it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

LOCK = "lock"


@contextlib.contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """A folder of this process's own under ``parent``, which is made if need be.

    A worker that was killed leaves its folder behind, but not its lock on it: the next to start clears it away.
    """
    parent.mkdir(parents=True, exist_ok=True)
    clear_abandoned(parent)
    folder = Path(tempfile.mkdtemp(prefix="worker-", dir=parent))
    with (folder / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def clear_abandoned(parent: Path) -> None:
    """Remove the folders whose workers are dead."""
    for folder in parent.glob("worker-*"):
        with contextlib.suppress(OSError):
            descriptor = os.open(folder / LOCK, os.O_RDWR)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(descriptor)
