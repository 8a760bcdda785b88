"""Workers in processes of their own on the database of a test, with a kind that misbehaves when asked to."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.acceptance.conftest import ROOT, Log
from tests.worker.conftest import House

PROGRAM = """
from cli.main import main
from playhead.registry import register
from tests.acceptance.trial import KIND

register(KIND)
main()
"""
SOON = {"WORKER__HEARTBEAT_SECONDS": "0.5", "WORKER__LOST_AFTER_SECONDS": "2"}
"""Settings under which a silent worker is soon taken for dead."""


@dataclass
class Worker:
    """A worker process and what it logs."""

    process: subprocess.Popen[str]
    log: Log

    async def says(self, message: str, nth: int = 1, **fields: Any) -> dict[str, Any]:
        """Wait for a line of its log."""
        return await asyncio.to_thread(self.log.wait_for, message, nth, **fields)

    async def stopped(self) -> None:
        """Wait until it is stopped, as by SIGSTOP."""
        await asyncio.to_thread(os.waitid, os.P_PID, self.process.pid, os.WSTOPPED)

    async def ended(self, seconds: float = 60) -> int:
        """Wait for its end; its exit code."""
        code = await asyncio.to_thread(self.process.wait, seconds)
        await asyncio.to_thread(self.log.close)
        return code

    async def told_to_stop(self) -> int:
        """End it in good order; its exit code."""
        self.process.terminate()
        return await self.ended()

    @property
    def complaints(self) -> list[dict[str, Any]]:
        """What it said of itself that should not be: errors, tracebacks."""
        return [line for line in self.log.lines if line.get("level") not in {"info", "warning"} or "exception" in line]


@asynccontextmanager
async def worker(house: House, **settings: str) -> AsyncIterator[Worker]:
    """A worker at work, killed at the end if it is still there."""
    given = {"DATABASE_URL": house.database.url, "DATA_DIR": str(house.settings.data_dir), "ENGINES": "stub"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PLAYHEAD_")}
    environment |= {f"PLAYHEAD_{name}": value for name, value in (given | SOON | settings).items()}
    process = subprocess.Popen(  # noqa: ASYNC220 - it returns at once
        [sys.executable, "-c", PROGRAM, "worker"], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    made = Worker(process, Log(process.stderr))
    try:
        await made.says("worker_ready")
        yield made
    except BaseException as error:
        error.add_note("\n".join(["A worker said:", *map(str, made.log.lines[-40:])]))
        raise
    finally:
        if process.poll() is None:
            process.kill()
        await made.ended()


async def submit_trial(house: House, **params: Any) -> UUID:
    """A job of the kind that does what it is told."""
    return await house.submit(kind="trial", queue="cpu", params={name: _plain(value) for name, value in params.items()})


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value
