"""An engine dies with its worker, and only by its worker's will."""

from __future__ import annotations

import signal

from playhead.lifeline import end_with


def hold(worker_pid: int) -> None:
    """Be killed when the worker dies, and ignore what is meant for the worker.

    The end of the request pipe says the same on every system; this also ends an engine that hangs.
    A terminal and a service manager signal every process of the group: the worker decides what that means for its
    engines, because it still has their work to give back.
    """
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    end_with(worker_pid)
