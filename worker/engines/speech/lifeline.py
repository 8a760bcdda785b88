"""An engine dies with its worker, and only by its worker's will."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def hold(worker_pid: int) -> None:
    """Be killed when the worker dies, and ignore what is meant for the worker.

    The end of the request pipe says the same on every system; this also ends an engine that hangs.
    A terminal and a service manager signal every process of the group: the worker decides what that means for its
    engines, because it still has their work to give back.
    """
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != worker_pid:
        # The worker died before the kernel was asked to tell of it.
        os._exit(0)
