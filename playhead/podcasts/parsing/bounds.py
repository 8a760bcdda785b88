"""What a process that reads a stranger's bytes may take."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import suppress

MEMORY_BYTES = 1024**3
CPU_SECONDS = 60
"""Twenty thousand episodes take seven."""
_PR_SET_PDEATHSIG = 1


def bind(parent_pid: int) -> None:
    """Bound this process, and tie it to its parent. It needs no file to write to, so it gets none."""
    import resource

    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    for name, most in (("AS", MEMORY_BYTES), ("CPU", CPU_SECONDS), ("FSIZE", 0), ("CORE", 0)):
        with suppress(ValueError, OSError):  # Stricter bounds of the operator stay; macOS has none of memory.
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (most, most))
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        os._exit(0)  # The parent died before the kernel was asked to tell of it.
