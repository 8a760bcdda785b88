"""Cancellations that a library lost on the way, and those that come at a bad time."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def end_if_canceled() -> None:
    """Raise the cancellation that this task was sent, if whatever it called raised something else instead.

    To be called by loops that try again after errors: a connection that is torn down while it is canceled may report
    the one as the other, and the loop would go on for ever. Not in what a canceled task does to clean up.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def undivided(work: Coroutine[Any, Any, T]) -> T:
    """Bring work to its end that must not be broken off halfway, and give its result in any case.

    A cancellation that comes meanwhile reaches the caller where it next waits: what it does at once with the result is
    done. The work has to be bounded by itself.
    """
    task, caller = asyncio.create_task(work), asyncio.current_task()
    canceled = 0
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            canceled += 1
    if canceled and caller is not None:
        for _ in range(canceled):
            caller.uncancel()
        caller.cancel()
    return task.result()
