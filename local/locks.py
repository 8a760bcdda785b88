"""Locks between processes, kept by the kernel: they end with their holder, however it ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

SHARED = fcntl.LOCK_SH
ALONE = fcntl.LOCK_EX
AT_ONCE = fcntl.LOCK_NB


def lock(path: Path, mode: int) -> int:
    """Lock the file ``path``, made where it is missing; a handle: the lock ends when it is closed.

    Waits until the lock is granted. With ``AT_ONCE`` in ``mode``, raises BlockingIOError where it would have to.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(handle, mode)
    except BaseException:
        os.close(handle)
        raise
    return handle


@contextlib.contextmanager
def locked(path: Path, mode: int) -> Iterator[None]:
    """Hold the lock of :func:`lock`."""
    handle = lock(path, mode)
    try:
        yield
    finally:
        os.close(handle)
