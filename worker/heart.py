"""The heart: the heartbeat in a thread with an event loop and connections of its own, so that no run holds it up.

A kind or a library that computes on the worker's event loop, or waits there, keeps all tasks of that loop waiting;
this thread goes on. It needs the interpreter's lock now and then, as every thread does: Python code gives that up
every few milliseconds, but C code may keep it for as long as it likes, and then the worker looks dead. That is one
reason why engines, which are such code, live in processes of their own.

A heart that beats in a dead body is worse than none: it ends a worker whose loop hangs. See :mod:`worker.stall`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from playhead.database import Database
from playhead.ledger.history import CHANNEL
from playhead.signals import Listener
from worker.heartbeat import Heartbeat, own_connection
from worker.runner import Runner
from worker.stall import Watch, end_stalled
from worker.thread import Thread

LAST_BEAT_SECONDS = 2.0


async def keep_alive(runner: Runner) -> None:
    """Let the heart beat until canceled. To be awaited on the event loop of the runs.

    Raises:
        Exception: whatever broke the heart.
    """
    watch = Watch(asyncio.get_running_loop(), runner.settings.worker.stall_seconds)
    thread = Thread("heart", live(runner, watch))
    try:
        await asyncio.shield(thread.ended)
    finally:
        # Waited for: a beat that comes after the worker has left makes it look alive again.
        await thread.stop(within_seconds=LAST_BEAT_SECONDS)


async def live(runner: Runner, watch: Watch) -> None:
    """Beat until canceled, or until the loop that is watched hangs: then end the process."""
    database = own_connection(runner.database.url, runner.settings.worker)
    try:
        async with _beating(runner, database):
            await watch.until_stalled()
        await end_stalled(runner, database)
    finally:
        await database.close()


@contextlib.asynccontextmanager
async def _beating(runner: Runner, database: Database) -> AsyncIterator[None]:
    heartbeat = Heartbeat(runner, database, sign_of_life=runner.settings.alive_location)
    listener = Listener(runner.database.url, {CHANNEL: heartbeat.notice}, on_connect=heartbeat.hurry)
    async with listener, asyncio.TaskGroup() as group:
        beats = group.create_task(heartbeat.keep_beating())
        yield
        beats.cancel()
