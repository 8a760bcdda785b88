from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from worker.gathering import Gathering


class Desk:
    """Writes when it is told to."""

    def __init__(self) -> None:
        self.lots: list[Sequence[int]] = []
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()

    async def write(self, lot: Sequence[int]) -> Sequence[int]:
        self.lots.append(lot)
        self.begun.set()
        await self.go_on.wait()
        if 13 in lot:
            raise ValueError("13")
        return [number * 2 for number in lot]


async def test_what_comes_meanwhile_is_the_next_lot() -> None:
    desk = Desk()
    gathering = Gathering(desk.write, most=3)
    first = gathering.put(1)
    await desk.begun.wait()
    others = [gathering.put(number) for number in (2, 3, 4, 5)]
    await asyncio.sleep(0)
    desk.go_on.set()
    assert await asyncio.gather(first, *others) == [2, 4, 6, 8, 10]
    assert desk.lots == [[1], [2, 3, 4], [5]]


async def test_an_error_is_that_of_its_lot_alone() -> None:
    desk = Desk()
    gathering = Gathering(desk.write, most=2)
    first = gathering.put(1)
    await desk.begun.wait()
    others = [gathering.put(number) for number in (2, 13, 4)]
    await asyncio.sleep(0)
    desk.go_on.set()
    answers = await asyncio.gather(first, *others, return_exceptions=True)
    assert [answer if isinstance(answer, int) else str(answer) for answer in answers] == [2, "13", "13", 8]


async def test_who_is_canceled_keeps_nobody_else_from_an_answer() -> None:
    desk = Desk()
    gathering = Gathering(desk.write, most=3)
    first = gathering.put(1)
    await desk.begun.wait()
    second, third = gathering.put(2), gathering.put(3)
    await asyncio.sleep(0)
    first.cancel()
    second.cancel()
    desk.go_on.set()
    assert await third == 6
    assert desk.lots == [[1], [3]]
    with pytest.raises(asyncio.CancelledError):
        await first
