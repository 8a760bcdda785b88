"""A job's place is another's as soon as its work is done, whatever its end waits for; but not without bound."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel
from sqlalchemy import select

from playhead.identity import new_id
from playhead.kind import Context, Kind
from playhead.models import Job
from playhead.registry import kinds
from playhead.states import State
from worker.engines import make_engines
from worker.metrics import Metrics
from worker.places import Place, Places
from worker.presence import arrive
from worker.runner import Runner

if TYPE_CHECKING:
    from tests.worker.conftest import House


class Look:
    """What takes a place, leaves it when told to, and is over when told to."""

    def __init__(self, places: Places) -> None:
        self.left: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.begun, self.done, self.written = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.task = asyncio.create_task(self._look(Place(places, self.left)))

    async def _look(self, place: Place) -> None:
        async with place:
            self.begun.set()
            await self.done.wait()
            place.leave()
            await self.written.wait()


async def test_the_next_begins_while_the_end_of_the_last_is_written() -> None:
    places = Places(1)
    first, second = Look(places), Look(places)
    await first.begun.wait()
    assert not second.begun.is_set()
    first.done.set()
    await first.left
    await second.begun.wait()
    for look in (first, second):
        look.done.set()
        look.written.set()
    await asyncio.gather(first.task, second.task)


async def test_no_more_are_to_be_written_than_there_are_places() -> None:
    places = Places(1)
    first, second, third = Look(places), Look(places), Look(places)
    first.done.set()
    second.done.set()
    await second.begun.wait()
    await asyncio.sleep(0)
    assert not second.left.done()
    assert not third.begun.is_set()
    first.written.set()
    second.written.set()
    await third.begun.wait()
    third.done.set()
    third.written.set()
    await asyncio.gather(*(look.task for look in (first, second, third)))
    assert third.left.done()


async def test_what_breaks_gives_its_place_back_once() -> None:
    places = Places(1)
    with pytest.raises(ValueError, match="broken"):
        await broken(places)
    async with Place(places, asyncio.get_running_loop().create_future()):
        assert places.free.locked()


async def broken(places: Places) -> None:
    async with Place(places, asyncio.get_running_loop().create_future()) as place:
        place.leave()
        raise ValueError("broken")


class Nothing(BaseModel):
    """Neither asked for nor given."""


async def test_a_ticket_is_spent_before_the_end_of_its_job_is_written(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody holds the job: its end waits, and the place does not."""
    at_work, done = asyncio.Event(), asyncio.Event()

    async def run(_: Context, params: Nothing) -> Nothing:
        at_work.set()
        await done.wait()
        return params

    monkeypatch.setitem(kinds(), "nothing", Kind("nothing", "io", "Nothing.", Nothing, Nothing, run))
    engines = make_engines(house.settings)
    runner = Runner(new_id(), house.settings, house.database, house.storage, engines, tmp_path, Metrics())
    await arrive(runner)
    job_id = await house.submit(kind="nothing", queue="io", input={"text": "nothing"})
    looking = asyncio.create_task(runner.look(job_id, "io"))
    await at_work.wait()
    async with house.database.transaction() as session:
        await session.execute(select(Job).where(Job.id == job_id).with_for_update())
        done.set()
        await looking
        assert (await house.job(job_id)).state == State.RUNNING
        assert not runner.retire()
    assert (await house.ended(job_id)).state == State.SUCCEEDED
    await runner.stop()
    await engines.close()
