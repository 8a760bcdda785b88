"""Ends the parts of a supervisor that was killed.

The supervisor holds the writing end of a pipe and never closes it while it lives: when the kernel does, the process at
the other end knows. Run as a file, with the standard library alone: ``python -I -S sweeper.py GRACE_SECONDS``.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import IO

POLL_SECONDS = 0.05
ENTER = '(echo "+$$" >&0) 2>/dev/null; exec "$@" </dev/null'
"""In a subshell: where there is no sweeper for the moment, writing to it is fatal."""


class Sweeper:
    """The supervisor's side: names the process groups that must not outlive it."""

    def __init__(self, grace_seconds: float = 10.0) -> None:
        """Args: ``grace_seconds``, how long the groups may take to end after SIGTERM."""
        self._grace_seconds = grace_seconds
        self._groups: set[int] = set()
        self._process = self._start()

    @property
    def pid(self) -> int:
        """The process that sweeps."""
        return self._process.pid

    @property
    def door(self) -> IO[str] | None:
        """What a command that :func:`enters` is to have for its standard input."""
        return self._process.stdin

    def add(self, group: int) -> None:
        """From now on, ``group`` ends with the supervisor."""
        self._groups.add(group)
        self._tell(f"+{group}")

    def remove(self, group: int) -> None:
        """``group`` has ended: its number may be given to others."""
        self._groups.discard(group)
        self._tell(f"-{group}")

    def close(self) -> None:
        """End the sweeper, and with it what was not removed; waits for it."""
        self._process.communicate()

    def _start(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-I", "-S", __file__, str(self._grace_seconds)]
        return subprocess.Popen(command, stdin=subprocess.PIPE, text=True, cwd="/", start_new_session=True)  # noqa: S603

    def _tell(self, line: str) -> None:
        try:
            self._write(line)
        except BrokenPipeError:  # somebody killed it
            self._process.wait()
            self._process = self._start()
            for group in self._groups:
                self._write(f"+{group}")

    def _write(self, line: str) -> None:
        print(line, file=self._process.stdin, flush=True)


def enters(command: Sequence[str]) -> tuple[str, ...]:
    """``command``, preceded by telling the sweeper of it: the supervisor may be killed before it can do so.

    The sweeper hears of the end of its input no sooner, since that is open for as long as the command has not begun.
    """
    return ("/bin/sh", "-c", ENTER, "sh", *command)


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
