"""Turns: whoever looks after something takes them again and again. One that fails keeps nobody from the next."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import structlog

from playhead.cancellation import end_if_canceled
from playhead.database import is_away
from playhead.errors import PlayheadError

TURN_SECONDS = 10.0
"""No batch is begun later than this into a turn; one that jobs wait for may take no longer either."""
log = structlog.get_logger(__name__)

Batch = Callable[[], Awaitable[int]]
"""Does some of what there is to do. Gives how much that was."""
Turn = Callable[[], Awaitable[None]]


async def take(name: str, turn: Turn) -> None:
    """Take this turn to its end, good or bad: the next goes on."""
    try:
        await turn()
    except Exception as error:
        end_if_canceled()
        if is_away(error) or (isinstance(error, PlayheadError) and error.transient):
            log.warning("turn_missed", task=name, error=repr(error))
        else:
            log.exception("turn_broke", task=name)


async def until_done(name: str, batch: Batch) -> None:
    """Take batches until nothing is left or the turn is over."""
    swept, end = 0, time.monotonic() + TURN_SECONDS
    try:
        while time.monotonic() < end and (found := await batch()):
            swept += found
    finally:
        if swept:
            log.info("swept", task=name, count=swept)
