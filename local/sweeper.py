"""Starts the parts of a supervisor so that they end with it, even if it is killed."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ANNOUNCED = Path(__file__).with_name("announced.py")
SWEEPING = Path(__file__).with_name("sweeping.py")


class Sweeper:
    """The supervisor's side of :mod:`local.sweeping`: names the process groups that must not outlive it."""

    def __init__(self, grace_seconds: float = 10.0) -> None:
        """Args: ``grace_seconds``, how long the groups may take to end after SIGTERM."""
        self._grace_seconds = grace_seconds
        self._groups: set[int] = set()
        self._process = self._sweep()

    @property
    def pid(self) -> int:
        """The process that sweeps."""
        return self._process.pid

    async def start(self, command: Sequence[str], **options: Any) -> asyncio.subprocess.Process:
        """Start ``command`` as the leader of a group that ends with the supervisor; its standard input is empty.

        Args:
            command: program and arguments.
            options: as of :func:`asyncio.create_subprocess_exec`.

        Raises:
            OSError: no process could be started. A program that is not there exits with status 127.
        """
        announced = (sys.executable, "-I", "-S", str(ANNOUNCED), *command)
        process = await asyncio.create_subprocess_exec(
            *announced, stdin=self._process.stdin, start_new_session=True, **options
        )
        # Told once more: a sweeper that was killed meanwhile is replaced by one that knows it.
        self._groups.add(process.pid)
        self._tell(f"+{process.pid}")
        return process

    def remove(self, group: int) -> None:
        """``group`` has ended: its number may be given to others."""
        self._groups.discard(group)
        self._tell(f"-{group}")

    def close(self) -> None:
        """End the sweeper, and with it what was not removed; waits for it."""
        self._process.communicate()

    def _sweep(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-I", "-S", str(SWEEPING), str(self._grace_seconds)]
        return subprocess.Popen(command, stdin=subprocess.PIPE, text=True, cwd="/", start_new_session=True)  # noqa: S603

    def _tell(self, line: str) -> None:
        try:
            self._write(line)
        except BrokenPipeError:  # somebody killed it
            self.close()
            self._process = self._sweep()
            for group in self._groups:
                self._write(f"+{group}")

    def _write(self, line: str) -> None:
        print(line, file=self._process.stdin, flush=True)
