"""What a job does, on either side: sleep in steps, and tell of each in the journal."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

JOURNAL = "RECOVERY_JOURNAL"
"""Environment variable: the file that all workers of a side write to."""
STEPS, STEP_SECONDS = 8, 0.5
BEGIN, END = "begin", "end"


@dataclass(frozen=True)
class Entry:
    """What a process did: ``BEGIN``, a step by its number, or ``END``. Times are POSIX times."""

    at: float
    pid: int
    key: str
    what: str


async def work(key: str, *, done: int = 0, keep: Callable[[int], Awaitable[None]] | None = None) -> None:
    """Do the steps from ``done`` on; ``keep`` is told of each."""
    tell(key, BEGIN)
    for step in range(done + 1, STEPS + 1):
        await asyncio.sleep(STEP_SECONDS)
        tell(key, str(step))
        if keep:
            await keep(step)
    tell(key, END)


def tell(key: str, what: str) -> None:
    """Append to the journal: one write, which no other process can come between."""
    file = os.open(os.environ[JOURNAL], os.O_APPEND | os.O_WRONLY | os.O_CREAT)
    try:
        os.write(file, f"{time.time()} {os.getpid()} {key} {what}\n".encode())
    finally:
        os.close(file)


def read(path: Path) -> list[Entry]:
    """The journal, in the order of the times."""
    lines = (line.split() for line in path.read_text().splitlines())
    return sorted((Entry(float(at), int(pid), key, what) for at, pid, key, what in lines), key=lambda entry: entry.at)
