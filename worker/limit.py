"""The longest time of an attempt, kept by the worker itself. What it fails to end, the housekeeping takes from it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from playhead.errors import TimedOutError
from worker.active import Active
from worker.outcome import failure


@contextlib.contextmanager
def limited(active: Active, patience_seconds: float) -> Iterator[None]:
    """End the work once its time is over, and wait no longer than this for work that does not stop then."""
    seconds = active.run.timeout_seconds
    if seconds is None:
        yield
        return
    told = f"the attempt took longer than its timeout_seconds, {seconds:g} s: give it more, or less to do"
    after = asyncio.get_running_loop().call_later
    over = after(seconds, active.end, failure(TimedOutError(told)))
    given_up = after(seconds + patience_seconds, active.abandon)
    try:
        yield
    finally:
        over.cancel()
        given_up.cancel()
