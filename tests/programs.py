"""Playhead's programs in processes of their own: what they log, and their end."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parent.parent
SECONDS = 60
"""More than any end here takes; a test that waits so long fails."""


def environment(**settings: str) -> dict[str, str]:
    """The environment of a process with these settings of Playhead's and no others."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PLAYHEAD_")}
    return plain | {f"PLAYHEAD_{name}": value for name, value in settings.items()}


class Log:
    """What a process logs, a JSON object a line, read as it comes."""

    def __init__(self, stream: IO[str]) -> None:
        self.lines: list[dict[str, Any]] = []
        self._stream = stream
        self._news = threading.Condition()
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def wait_for(self, message: str, nth: int = 1, seconds: float = 90, **fields: Any) -> dict[str, Any]:
        """The nth line with this message and these fields."""
        wanted = {"message": message, **fields}

        def found() -> list[dict[str, Any]]:
            return [line for line in self.lines if wanted.items() <= line.items()]

        with self._news:
            assert self._news.wait_for(lambda: len(found()) >= nth, seconds), self.lines
            return found()[nth - 1]

    def close(self) -> None:
        self._reading.join()
        self._stream.close()

    def _read(self) -> None:
        for line in self._stream:
            with self._news:
                self.lines.append(json.loads(line) if line.startswith("{") else {"text": line})
                self._news.notify_all()


@dataclass
class Program:
    """A process and what it logs."""

    process: subprocess.Popen[str]
    log: Log

    async def says(self, message: str, nth: int = 1, **fields: Any) -> dict[str, Any]:
        """Wait for a line of its log."""
        return await asyncio.to_thread(self.log.wait_for, message, nth, **fields)

    async def stopped(self) -> None:
        """Wait until it is stopped, as by SIGSTOP."""
        await asyncio.to_thread(os.waitid, os.P_PID, self.process.pid, os.WSTOPPED)

    async def ended(self, seconds: float = SECONDS) -> int:
        """Wait for its end; its exit code."""
        code = await asyncio.to_thread(self.process.wait, seconds)
        await asyncio.to_thread(self.log.close)
        return code

    async def told_to_stop(self) -> int:
        """End it in good order; its exit code."""
        self.process.terminate()
        return await self.ended()

    @property
    def code(self) -> int | None:
        """Its exit code; None while it lives."""
        return self.process.poll()

    @property
    def complaints(self) -> list[dict[str, Any]]:
        """What it said of itself that should not be: errors, tracebacks."""
        return [line for line in self.log.lines if line.get("level") not in {"info", "warning"} or "exception" in line]


@asynccontextmanager
async def program(code: str, *arguments: str, **settings: str) -> AsyncIterator[Program]:
    """Python code in a process of its own, killed at the end if it is still there."""
    command = [sys.executable, "-c", code, *arguments]
    process = subprocess.Popen(  # noqa: ASYNC220 - it returns at once
        command, cwd=ROOT, env=environment(**settings), stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    made = Program(process, Log(process.stderr))
    try:
        yield made
    except BaseException as error:
        error.add_note("\n".join([f"{' '.join(arguments)} said:", *map(str, made.log.lines[-40:])]))
        raise
    finally:
        if process.poll() is None:
            process.kill()
        await made.ended()
