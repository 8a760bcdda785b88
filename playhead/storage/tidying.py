"""Clearing up after a failure, without waiting for it for long."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

from playhead.errors import StorageError

PATIENCE_SECONDS = 0.7
_under_way: set[asyncio.Task[None]] = set()


async def tidy(work: Coroutine[Any, Any, None]) -> None:
    """Clear up; what takes longer than a moment goes on by itself.

    Whoever was canceled must not be held by a store that went silent, and the failure that led here is the one to
    tell: what cannot be cleared up is swept later.
    """
    task = asyncio.create_task(_quietly(work))
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)
    await asyncio.wait({task}, timeout=PATIENCE_SECONDS)


async def _quietly(work: Coroutine[Any, Any, None]) -> None:
    with contextlib.suppress(StorageError):
        await work
