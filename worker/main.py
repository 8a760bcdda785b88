"""The worker process: put together, run until told to stop, taken apart."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any, NoReturn

import structlog

from playhead.database import Database
from playhead.engines import Engines
from playhead.identity import new_id
from playhead.kind import DEVICES
from playhead.settings import Settings
from playhead.storage import Storage
from worker import dispatch
from worker.engines import make_engines
from worker.heart import keep_alive
from worker.housekeeping import PLACES, QUEUE, Housekeeping
from worker.idleness import until_idle
from worker.metrics import Metrics
from worker.presence import arrive, leave
from worker.runner import Runner
from worker.scratch import scratch_folder
from worker.serving import served
from worker.stall import EXIT_STALLED

TOLD_TO_STOP = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""By a service manager, by Ctrl-C, by a terminal that was closed."""
PARTING_SECONDS = 10.0
ON_THE_DEVICE = frozenset(queue for queue, device in DEVICES.items() if device == "gpu")
log = structlog.get_logger(__name__)


def serve(settings: Settings) -> NoReturn:
    """Be a worker: :func:`run` is the whole of this process, and its exit code is the process's.

    Work that does not stop, in tasks or in threads, would be waited for at the end. It is not.
    """
    with asyncio.Runner() as loop:
        try:
            code = loop.run(run(settings))
        except BaseException:
            with _ending_within(PARTING_SECONDS):
                loop.close()
            raise
        # Everything is given back and closed. To close the loop too would let go of the signals: one that comes
        # again would kill the process after all.
        logging.shutdown()
        os._exit(code)


@contextlib.contextmanager
def _ending_within(seconds: float) -> Iterator[None]:
    end = threading.Timer(seconds, os._exit, [1])
    end.daemon = True
    end.start()
    yield
    end.cancel()


async def run(settings: Settings) -> int:
    """Work until told to stop, or until idle, then give back what is under way. Gives the exit code.

    Being told again changes nothing: the grace time bounds how long it takes.
    """
    ready, stopped = asyncio.Event(), asyncio.Event()
    _on_signal(ready, stopped)
    try:
        async with working(settings) as runner:
            ready.set()
            wanted = settings.worker
            log.info("worker_ready", worker_id=str(runner.worker_id), queues=list(served(wanted)), kinds=wanted.kinds)
            code = await _told_idle_or_lost(stopped, runner)
            log.info("worker_stopping", active=len(runner.active))
    except asyncio.CancelledError:
        if ready.is_set() or not stopped.is_set():
            raise
        code = 0
    log.info("worker_stopped")
    return code


async def _told_idle_or_lost(stopped: asyncio.Event, runner: Runner) -> int:
    """Wait for a reason to stop; gives the exit code.

    It was told to, or is idle; or an engine cannot be ended: only a new worker may find its device free.
    """
    told, lost = asyncio.create_task(stopped.wait()), asyncio.create_task(runner.engines.lost())
    idle = asyncio.create_task(until_idle(runner))
    try:
        await asyncio.wait([told, lost, idle], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for waiting in (told, lost, idle):
            waiting.cancel()
    if stopped.is_set():
        return 0
    if idle.done() and not lost.done():
        await idle
        return 0
    log.critical("worker_lost_engine", exit_status=EXIT_STALLED)
    await runner.take_last_words()
    return EXIT_STALLED


def _on_signal(ready: asyncio.Event, stopped: asyncio.Event) -> None:
    loop, main = asyncio.get_running_loop(), asyncio.current_task()

    def stop() -> None:
        if main is not None and not ready.is_set() and not stopped.is_set():
            main.cancel()  # It may be waiting for a database that never comes.
        stopped.set()

    for number in TOLD_TO_STOP:
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # As nohup has it.
            loop.add_signal_handler(number, stop)


@contextlib.asynccontextmanager
async def working(settings: Settings) -> AsyncIterator[Runner]:
    """A worker at work; at the end it has given everything back and closed everything."""
    database = Database.from_settings(settings, "playhead-worker")
    engines = make_engines(settings)
    try:
        with scratch_folder(settings.scratch_location) as scratch:
            storage = Storage.from_url(settings.storage_location)
            runner = Runner(new_id(), settings, database, storage, engines, scratch, Metrics())
            await arrive(runner)
            try:
                async with _background(keep_alive(runner)), _giving_back(runner), _dispatching(runner):
                    yield runner
            finally:
                await leave(runner)
    finally:
        await _close(engines)
        await database.close()


async def _close(engines: Engines) -> None:
    try:
        await asyncio.wait_for(engines.close(), PARTING_SECONDS)
    except TimeoutError:
        log.warning("engines_left_behind")  # They die with this process, if they can.


@contextlib.asynccontextmanager
async def _giving_back(runner: Runner) -> AsyncIterator[None]:
    """Give every job back at the end, also when something broke."""
    try:
        yield
    finally:
        await runner.stop()


@contextlib.asynccontextmanager
async def _dispatching(runner: Runner) -> AsyncIterator[None]:
    wanted, url = runner.settings.worker, runner.database.url
    places = served(wanted)
    house = dispatch.make_app(url, application="playhead-housekeeping", connections=3)
    Housekeeping(runner.database, runner.storage, runner.settings, runner.pulse).register(house)
    tickets = dispatch.make_app(url, application="playhead-tickets", connections=2 + len(places))
    dispatch.answer_tickets(tickets, runner.look)
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(house.open_async())
        await stack.enter_async_context(tickets.open_async())
        loops = [dispatch.keep_fetching(house, [QUEUE], PLACES, wanted.heartbeat_seconds, at_once=PLACES)]
        for queue, names in places.items():
            concurrency = wanted.concurrency.get(queue, 1)
            # What waits for the device is spread over the workers, one by one.
            at_once = 1 if queue in ON_THE_DEVICE else concurrency
            loops.append(dispatch.keep_fetching(tickets, names, concurrency, wanted.heartbeat_seconds, at_once=at_once))
        await stack.enter_async_context(_background(*loops))
        try:
            yield
        finally:
            runner.take_no_more()  # The loops take a moment to end: what they fetch meanwhile is put back.


@contextlib.asynccontextmanager
async def _background(*works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Let them run meanwhile; should one break, the body is canceled and the error comes out.

    They end at the same time: each may need seconds to find out that the database is away.
    """
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in works]
        yield
        for task in tasks:
            task.cancel()
