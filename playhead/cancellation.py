"""Cancellations that a library lost on the way."""

from __future__ import annotations

import asyncio


def end_if_canceled() -> None:
    """Raise the cancellation that this task was sent, if whatever it called raised something else instead.

    To be called by loops that try again after errors: a connection that is torn down while it is canceled may report
    the one as the other, and the loop would go on for ever. Not in what a canceled task does to clean up.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
