"""What a process that reads a stranger's bytes may take."""

from __future__ import annotations

import signal
from contextlib import suppress

from playhead.lifeline import end_with

MEMORY_BYTES = 1024**3
CPU_SECONDS = 60
"""Twenty thousand episodes take seven."""


def bind(parent_pid: int) -> None:
    """Bound this process, and tie it to its parent. It needs no file to write to, so it gets none."""
    import resource

    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    for name, most in (("AS", MEMORY_BYTES), ("CPU", CPU_SECONDS), ("FSIZE", 0), ("CORE", 0)):
        with suppress(ValueError, OSError):  # Stricter bounds of the operator stay; macOS has none of memory.
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (most, most))
    end_with(parent_pid)
