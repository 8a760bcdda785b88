"""Ends the parts of a supervisor that was killed.

The supervisor, and each part until it has begun, hold the writing end of a pipe: when the kernel has closed the last,
the process at the other end knows. Run as a file, with the standard library alone:
``python -I -S sweeping.py GRACE_SECONDS``.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Callable

POLL_SECONDS = 0.05


def main() -> None:
    """Read groups from standard input until it ends, then end the groups."""
    groups = set[int]()
    for line in sys.stdin:
        (groups.add if line.startswith("+") else groups.discard)(int(line[1:]))
    for group in groups:
        _signal(os.kill, group, signal.SIGTERM)  # to its leader alone, which knows best how to end the rest
    deadline = time.monotonic() + float(sys.argv[1])
    while any(_lives(group) for group in groups) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)  # not our children: there is nothing to wait on
    for group in groups:
        _signal(os.killpg, group, signal.SIGKILL)


def _signal(kill: Callable[[int, int], None], target: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        kill(target, number)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        if not hasattr(os, "pidfd_open"):
            return True
        handle = os.pidfd_open(pid)
    except OSError:
        return False
    # Readable once it has ended, even if its new parent, a container's first process say, never takes note.
    ended, _, _ = select.select([handle], [], [], 0)
    os.close(handle)
    return not ended


if __name__ == "__main__":
    main()
