"""Several works of one job at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def together(do: Callable[[T], Awaitable[None]], items: Iterable[T], at_once: int) -> None:
    """Do it to each, in their order, so many at a time; none goes on when one has failed.

    Raises:
        Exception: that of the first one that failed, alone: of a group of them a job could not tell its error.
    """
    left = iter(items)

    async def work() -> None:
        for item in left:
            await do(item)

    tasks = [asyncio.ensure_future(work()) for _ in range(at_once)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
