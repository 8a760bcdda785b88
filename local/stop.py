"""The wish to end: a signal to this process."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

T = TypeVar("T")

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Stopped(Exception):  # noqa: N818 - no error: somebody asked for it
    """The wish came while something else was awaited."""


class Stop:
    """Set by the first signal; a second one calls `hurry`, which can be replaced at any time."""

    def __init__(self) -> None:
        self.event = asyncio.Event()
        self.hurry: Callable[[], None] = lambda: None

    @contextlib.contextmanager
    def on_signals(self) -> Iterator[None]:
        """Listen to SIGTERM, SIGINT and SIGHUP (the terminal was closed)."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._signaled)
        try:
            yield
        finally:
            for number in SIGNALS:
                loop.remove_signal_handler(number)

    async def unless(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of ``work``, which is canceled should the wish come first.

        Raises:
            Stopped: it came first.
        """
        working, waiting = asyncio.ensure_future(work), asyncio.ensure_future(self.event.wait())
        try:
            await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            if not working.done():
                working.cancel()
                await asyncio.wait({working})
        if working.cancelled():
            raise Stopped
        return working.result()

    def _signaled(self) -> None:
        if self.event.is_set():
            self.hurry()
        self.event.set()
