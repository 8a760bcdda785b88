"""Patience: how long each step of what is being done may take."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar

_renewing: ContextVar[Callable[[], None] | None] = ContextVar("renewing", default=None)


@asynccontextmanager
async def patience(seconds: float) -> AsyncIterator[None]:
    """Cut off what takes longer than this from the beginning of the block, or from the last step that began in it.

    Raises:
        TimeoutError: something did.
    """
    outer, clock = _renewing.get(), asyncio.get_running_loop().time
    async with asyncio.timeout(seconds) as timeout:

        def renew() -> None:
            if not timeout.expired():
                timeout.reschedule(clock() + seconds)

        _renewing.set(renew)
        try:
            yield
        finally:
            _renewing.set(outer)


def begin_step(*_: object) -> None:
    """A step begins: the innermost block's time begins anew."""
    if renew := _renewing.get():
        renew()
