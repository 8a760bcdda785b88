"""Reading a feed that came, in a process of its own: see :mod:`playhead.podcasts.parsing`."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import suppress
from pathlib import Path

import structlog

from playhead.errors import FeedUnreadableError, UnavailableError
from playhead.podcasts.polling.entries import FeedDocument
from playhead.podcasts.polling.fetching import Answer

log = structlog.get_logger(__name__)

MODULE = "playhead.podcasts.parsing"
LONGEST_SECONDS = 240.0
"""Of one reading by the clock on the wall: the bound of its processor time comes first, unless the machine is busy."""
_ROOT = Path(__file__).parents[2]
_LAST_WORDS = 300


async def read(answer: Answer) -> FeedDocument:
    """What is in the feed.

    Raises:
        FeedUnreadableError: it is none; or to read it takes more memory or time than any feed needs (permanent).
        UnavailableError: no process could be started (transient).
    """
    about = {"url": answer.came_from, "content_type": answer.content_type}
    printed = await _run(json.dumps(about).encode() + b"\n" + (answer.body or b""))
    # Of twenty thousand episodes that takes a good part of a second.
    return await asyncio.to_thread(_understood, printed)


def _understood(printed: bytes) -> FeedDocument:
    told = json.loads(printed)
    if "refused" in told:
        raise FeedUnreadableError(told["refused"])
    return FeedDocument.of(told)


async def _run(given: bytes) -> bytes:
    process = await _started()
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            printed, complaints = await process.communicate(given)
    except TimeoutError:
        raise FeedUnreadableError("To read it took too long.") from None
    finally:
        await asyncio.shield(_gone(process))
    if process.returncode:
        last_words = complaints[-_LAST_WORDS:].decode(errors="replace")
        log.warning("feed_reader_died", returncode=process.returncode, last_words=last_words)
        raise FeedUnreadableError("To read it took more memory or time than any feed needs.")
    return printed


async def _started() -> asyncio.subprocess.Process:
    # Shielded: a start that is broken off half-way would leave a process that nobody knows of.
    starting = asyncio.create_task(_start())
    try:
        return await asyncio.shield(starting)
    except OSError as error:
        raise UnavailableError(f"no process could be started to read a feed: {error.strerror}") from error
    except asyncio.CancelledError:
        with suppress(OSError):
            await _gone(await starting)
        raise


async def _start() -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", MODULE, str(os.getpid())),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=_environment(),
    )


async def _gone(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _environment() -> dict[str, str]:
    """Ours, without keys and passwords: a stranger's bytes are read in there."""
    own = {name: value for name, value in os.environ.items() if not name.upper().startswith("PLAYHEAD_")}
    return {**own, "PYTHONPATH": os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))}
