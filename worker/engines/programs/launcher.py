"""Become a program that dies with its worker. Run by its path, without a package: it must cost nothing.

``python -I -S launcher.py WORKER_PID LARGEST_FILE_BYTES PROGRAM ARGUMENT...``
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1
# As shells have it.
_NOT_STARTED = 127


def main(worker_pid: int, largest_file_bytes: int, command: list[str]) -> None:
    """Bound this process, tie it to its worker, and run the command in it. All of that outlasts ``exec``."""
    # A terminal and a service manager signal every process: the worker decides what that means for its programs.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    # The signal that comes with it is ignored, as always in Python: a write that goes beyond fails with EFBIG.
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file_bytes, largest_file_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError):
        # Where memory runs out, this is what is to die, not the worker.
        Path("/proc/self/oom_score_adj").write_text("800")
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != worker_pid:
        os._exit(0)  # The worker died before the kernel was asked to tell of it.
    try:
        os.execv(command[0], command)  # noqa: S606 - no shell is wanted
    except OSError as error:
        sys.stderr.write(f"{error.strerror}\n")
        sys.exit(_NOT_STARTED)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
