"""What is known of a running server from outside: its process, its state, its death."""

from __future__ import annotations

import contextlib
import signal
from pathlib import Path

import psutil

from local.keeper import ESCALATION

ORPHAN_SECONDS = 5.0
READY_LINE = 7  # of postmaster.pid, from 0: `starting`, `ready`, `standby`, `stopping`


def postmaster(cluster: Path) -> psutil.Process | None:
    """The server process of ``cluster``, or None.

    The id in the pid file counts only if that process is a PostgreSQL that works in this very folder: after a crash or
    a reboot the number may belong to anybody.
    """
    try:
        process = psutil.Process(int(_lines(cluster)[0]))
    except (ValueError, IndexError, psutil.NoSuchProcess):
        return None
    return process if _serves(process, cluster) else None


def is_ready(cluster: Path) -> bool:
    """Whether the server of ``cluster`` takes connections."""
    lines = _lines(cluster)
    return len(lines) > READY_LINE and lines[READY_LINE].strip() == "ready" and postmaster(cluster) is not None


def end(process: psutil.Process) -> None:
    """End a server and wait for it: a fast shutdown, and less gentle if that takes too long."""
    for number, patience_seconds in ESCALATION:
        try:
            process.send_signal(number)
            process.wait(patience_seconds)
        except psutil.NoSuchProcess:
            return
        except psutil.TimeoutExpired:
            continue
        return


def end_orphans(cluster: Path) -> None:
    """End what a killed server left: its children notice by themselves, but a busy one only when its query is done."""
    orphans = [process for process in psutil.process_iter() if _serves(process, cluster)]
    for process in orphans:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGQUIT)
    _, stuck = psutil.wait_procs(orphans, timeout=ORPHAN_SECONDS)
    for process in stuck:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def _serves(process: psutil.Process, cluster: Path) -> bool:
    try:
        # The owner too: root signals what it finds here, and must not hit more than was meant.
        owner = cluster.stat().st_uid
        mine = process.uids().effective == owner
        return mine and process.name().startswith("postgres") and Path(process.cwd()) == cluster
    except (FileNotFoundError, psutil.NoSuchProcess, psutil.AccessDenied):  # gone, a zombie, or another user's
        return False


def _lines(cluster: Path) -> list[str]:
    try:
        return (cluster / "postmaster.pid").read_text(errors="replace").splitlines()
    except (FileNotFoundError, PermissionError):  # another user's server is none that we could tell anything of
        return []
