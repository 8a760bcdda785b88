"""Brings an embedded server back when it dies."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable

import psutil
import structlog

from local.backoff import Backoff
from local.postgres import EmbeddedPostgres
from playhead.errors import UnavailableError

POLL_SECONDS = 0.5  # only where the system cannot tell of the end of a process that is not our child

log = structlog.get_logger(__name__)


async def keep_server(server: EmbeddedPostgres, moved: Callable[[str], None]) -> None:
    """Start ``server`` again whenever it dies, until canceled. ``moved`` hears of a new URL, should it change."""
    backoff = Backoff()
    while True:
        began = time.monotonic()
        await gone(server.pid)
        delay_seconds = backoff.after(time.monotonic() - began)
        log.warning("part_died", part="postgres", again_in_seconds=delay_seconds, log_file=str(server.log))
        await asyncio.sleep(delay_seconds)
        await _bring_back(server, moved)


async def _bring_back(server: EmbeddedPostgres, moved: Callable[[str], None]) -> None:
    before = server.url
    try:
        now = await asyncio.to_thread(server.start)
    except (OSError, UnavailableError) as error:
        log.error("postgres_not_started", reason=str(error))  # noqa: TRY400 - expected: the trace says nothing more
        return
    log.info("part_started", part="postgres", pid=server.pid)
    if now != before:
        moved(now)


async def gone(pid: int | None) -> None:
    """Return when the process ``pid`` has ended; at once where there is none."""
    if pid is None:
        return
    if not hasattr(os, "pidfd_open"):
        while psutil.pid_exists(pid):  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(POLL_SECONDS)
        return
    with contextlib.suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            await _readable(handle)
        finally:
            os.close(handle)


async def _readable(handle: int) -> None:
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(handle, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(handle)
