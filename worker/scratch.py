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
    with contextlib.ExitStack() as held:
        # One at a time: between its making and its locking a new folder looks abandoned.
        with _locked(parent / LOCK):
            _clear_abandoned(parent)
            folder = Path(tempfile.mkdtemp(prefix="worker-", dir=parent))
            held.enter_context(_locked(folder / LOCK))
        held.callback(shutil.rmtree, folder, ignore_errors=True)
        yield folder


def _clear_abandoned(parent: Path) -> None:
    for folder in parent.glob("worker-*"):
        # Held by a worker that lives, or gone with one that has just ended.
        with contextlib.suppress(BlockingIOError, FileNotFoundError), _locked(folder / LOCK, fcntl.LOCK_NB):
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _locked(path: Path, options: int = 0) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | options)
        yield
    finally:
        os.close(descriptor)
