from __future__ import annotations

import asyncio

import pytest

from playhead.cancellation import undivided


async def test_what_is_undivided_comes_to_its_end_however_often_it_is_canceled() -> None:
    begun, may_end, ended = asyncio.Event(), asyncio.Event(), list[str]()

    async def work() -> str:
        begun.set()
        await may_end.wait()
        return "done"

    async def caller() -> None:
        ended.append(await undivided(work()))
        ended.append("at once")
        await asyncio.sleep(0)
        ended.append("later")

    task = asyncio.create_task(caller())
    await begun.wait()
    for _ in range(2):
        task.cancel()
        await asyncio.sleep(0)
    assert not task.done()
    may_end.set()
    await asyncio.wait([task])
    assert task.cancelled()
    assert ended == ["done", "at once"]


async def test_an_error_of_it_is_told_and_one_who_was_canceled_ends_so() -> None:
    async def fails() -> None:
        await asyncio.sleep(0)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await undivided(fails())

    async def caller() -> str:
        with pytest.raises(ConnectionError):
            await undivided(fails())
        return "not told"

    task = asyncio.create_task(caller())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
