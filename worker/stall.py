"""A worker whose event loop hangs: found out, told of, ended."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import traceback

import structlog

from playhead.database import Database
from playhead.ledger import sweep, workers
from worker.runner import Runner

EXIT_STALLED = 75
"""The status with which such a worker exits: "temporary failure" in sysexits.h, start me again."""
TURNS = 10
PARTING_SECONDS = 10.0
FRAMES = 30
log = structlog.get_logger(__name__)


class Watch:
    """Asks another thread's event loop, turn by turn, whether it lives.

    It counts its own turns rather than the time: where the whole process was stopped (SIGSTOP, a closed lid, a paused
    virtual machine), the turns were stopped with it.
    """

    def __init__(self, watched: asyncio.AbstractEventLoop, stall_seconds: float) -> None:
        self._watched = watched
        self._turn_seconds = stall_seconds / TURNS
        self._answered = False

    async def until_stalled(self) -> None:
        """Return when the loop has not answered for as many turns as there are."""
        missed = 0
        self._ask()
        while missed < TURNS:
            await asyncio.sleep(self._turn_seconds)
            missed += 1
            if self._answered:
                missed = 0
                self._ask()

    def _ask(self) -> None:
        self._answered = False
        self._watched.call_soon_threadsafe(self._answer)

    def _answer(self) -> None:
        self._answered = True


async def end_stalled(runner: Runner, database: Database) -> None:
    """Say where every thread is, give the jobs up, end the process. The attempt counts: a job may be the cause."""
    # The log's lock may be held by what hangs, the database may be away: the process ends all the same.
    threading.Timer(PARTING_SECONDS, os._exit, [EXIT_STALLED]).start()
    seconds = runner.settings.worker.stall_seconds
    jobs = [str(active.run.job_id) for active in runner.active.values()]
    log.critical("worker_stalled", seconds=seconds, jobs=jobs, exit_status=EXIT_STALLED, stacks=stacks())
    try:
        await _give_up(runner, database)
    except Exception as error:  # noqa: BLE001 - then others find out that its heart no longer beats
        log.warning("jobs_kept", error=repr(error))
    finally:
        os._exit(EXIT_STALLED)


async def _give_up(runner: Runner, database: Database) -> None:
    told = f"the worker did not answer for {runner.settings.worker.stall_seconds:g} s during this attempt and ended"
    async with database.transaction() as session:
        held = await workers.beat(session, runner.worker_id, runner.metrics.exposition())
        await sweep.rescue_dropped(session, list(held or ()), f"{told} itself: its log says where each thread was")
        await workers.leave(session, runner.worker_id)


def stacks() -> dict[str, list[str]]:
    """Where each thread is, by its name: the innermost frame last."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    return {
        f"{names.get(ident, 'unknown')} {ident}": [
            f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_stack(top)[-FRAMES:]
        ]
        for ident, top in sys._current_frames().items()  # noqa: SLF001 - there is no other way to see other threads
    }
