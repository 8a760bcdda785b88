"""Turns of several beside each other."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING

from playhead.turns import Turns

if TYPE_CHECKING:
    from playhead.turns import Turn


class Works:
    """Works whose turns end when they may; they count those that were begun, and those that were given up."""

    def __init__(self, *names: str) -> None:
        self.begun = dict.fromkeys(names, 0)
        self.given_up = list[str]()
        self.may_end = defaultdict[str, asyncio.Event](asyncio.Event)
        self.turns = Turns({name: self._turn(name) for name in names})

    def _turn(self, name: str) -> Turn:
        async def turn() -> None:
            self.begun[name] += 1
            try:
                await self.may_end[name].wait()
            except asyncio.CancelledError:
                await asyncio.sleep(0)  # It clears up, and that takes a moment.
                self.given_up.append(name)
                raise

        return turn


def names(begun: list[asyncio.Task[None]]) -> set[str]:
    return {task.get_name() for task in begun}


async def test_one_that_does_not_end_keeps_its_own_next_turn_off_and_no_others() -> None:
    works = Works("hangs", "ends")
    works.may_end["ends"].set()
    begun = works.turns.begin()
    assert names(begun) == {"hangs", "ends"}
    for _ in range(2):
        await asyncio.wait(begun, return_when=asyncio.FIRST_COMPLETED)
        begun = works.turns.begin()
        assert names(begun) == {"ends"}
    works.may_end["hangs"].set()
    await works.turns.done()
    assert names(works.turns.begin()) == {"hangs", "ends"}
    await works.turns.done()
    assert works.begun == {"hangs": 2, "ends": 4}


async def test_whoever_began_them_may_wait_for_those_and_for_no_others() -> None:
    works = Works("hangs", "ends")
    works.may_end["ends"].set()
    await asyncio.wait(works.turns.begin(), return_when=asyncio.FIRST_COMPLETED)
    await asyncio.gather(*works.turns.begin())
    assert works.begun == {"hangs": 1, "ends": 2}
    assert names(works.turns.begin()) == {"ends"}
    await works.turns.close()


async def test_one_that_fails_is_begun_again_and_tells_nobody_who_waits() -> None:
    broke = 0

    async def turn() -> None:
        nonlocal broke
        broke += 1
        raise ZeroDivisionError

    turns = Turns({"fails": turn})
    for _ in range(2):
        assert await asyncio.gather(*turns.begin()) == [None]
    assert broke == 2


async def test_to_close_gives_all_up_and_waits_for_it() -> None:
    works = Works("one", "two", "ended")
    works.may_end["ended"].set()
    begun = works.turns.begin()
    await asyncio.wait(begun, return_when=asyncio.FIRST_COMPLETED)
    await works.turns.close()
    assert sorted(works.given_up) == ["one", "two"]
    assert all(task.done() for task in begun)
    await works.turns.close()  # There is nothing to give up any more.
