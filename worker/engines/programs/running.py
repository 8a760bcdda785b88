"""How a program is run."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import IO

from playhead.errors import EngineCrashedError
from worker.engines.programs.program import LONGEST_LINE, Program

_LAUNCHER = Path(__file__).with_name("launcher.py")


@asynccontextmanager
async def running(
    command: Sequence[str],
    *,
    name: str,
    stdin: IO[bytes] | None = None,
    largest_file_bytes: int,
) -> AsyncIterator[Program]:
    """Run a command, without a shell; whatever happens within, it has ended afterwards.

    Args:
        command: the program by its full path, and its arguments.
        name: what people know it by.
        stdin: what it reads; None is the end at once.
        largest_file_bytes: it cannot write beyond that in any file.

    Raises:
        EngineCrashedError: no process can be started.
    """
    launch = (sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid()), str(largest_file_bytes))
    # Shielded: a start that is broken off half-way would leave a process that nobody knows of.
    starting = asyncio.create_task(_start([*launch, *command], name, stdin))
    try:
        program = await asyncio.shield(starting)
    except asyncio.CancelledError:
        await _abandon(starting)
        raise
    try:
        yield program
    finally:
        await asyncio.shield(program.gone())


async def _start(command: Sequence[str], name: str, stdin: IO[bytes] | None) -> Program:
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=stdin or asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE,
            env=_environment(),
        )
    except OSError as error:
        raise EngineCrashedError(f"{name} could not be started: {error.strerror}.") from error
    return Program(process, name)


async def _abandon(starting: asyncio.Task[Program]) -> None:
    with suppress(EngineCrashedError):
        await (await starting).gone()


def _environment() -> dict[str, str]:
    """The worker's, without its keys and passwords, and without what has ffmpeg write a log file."""
    return {name: value for name, value in os.environ.items() if not name.upper().startswith(("PLAYHEAD_", "FFREPORT"))}
