"""Jobs that are claimed and ended together: whatever happens to one of them, or to their lot, each is done once."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from sqlalchemy import func, select, text

import worker.claiming
import worker.runner
from playhead.identity import new_id
from playhead.ledger import operate, settle
from playhead.ledger.claim import claim_free
from playhead.models import ADMIN_OWNER, Event, Job
from playhead.states import State
from worker.engines import make_engines
from worker.heartbeat import Heartbeat
from worker.metrics import Metrics
from worker.outcome import Outcome, Success
from worker.presence import arrive
from worker.runner import Runner
from worker.ticketing import TicketManager

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path
    from uuid import UUID

    from playhead.ledger.run import Run
    from tests.worker.conftest import House
    from worker.context import JobContext

SIZE = 5


@dataclass
class Works:
    """Stands in for the work of all runs, which makes no outputs, and ends when it may."""

    at_work: int = 0
    most: int = 0
    enough: int = SIZE
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def work(self, run: Run, _: JobContext) -> Outcome:
        self.at_work += 1
        self.most = max(self.most, self.at_work)
        if self.at_work == self.enough:
            self.begun.set()
        try:
            await self.go_on.wait()
        finally:
            self.at_work -= 1
        return Success({"lease": run.lease})


@pytest.fixture
def works(monkeypatch: pytest.MonkeyPatch) -> Works:
    made = Works()
    monkeypatch.setattr(worker.runner, "work", made.work)
    return made


@pytest_asyncio.fixture(loop_scope="session")
async def runner(house: House, tmp_path: Path) -> AsyncIterator[Runner]:
    """A worker without its loops: a test hands it tickets and lets its heart beat."""
    engines = make_engines(house.settings)
    house.settings.worker.concurrency["cpu"] = SIZE
    made = Runner(new_id(), house.settings, house.database, house.storage, engines, tmp_path / "scratch", Metrics())
    await arrive(made)
    yield made
    await engines.close()


@dataclass
class Gap:
    """A moment right before or after a lot is written."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    sizes: list[int] = field(default_factory=list)

    def around(self, write: Callable[..., Any], *, before: bool) -> Callable[..., Any]:
        async def written(session: Any, lot: Sequence[Any], *others: Any) -> Any:
            answer = None if before else await write(session, lot, *others)
            self.sizes.append(len(lot))
            self.reached.set()
            await self.go_on.wait()
            return await write(session, lot, *others) if before else answer

        return written


async def submit(house: House, count: int = SIZE) -> list[UUID]:
    return [await house.submit(queue="cpu") for _ in range(count)]


def look(runner: Runner, jobs: Sequence[UUID]) -> asyncio.Task[None]:
    return asyncio.create_task(looked_at(runner, jobs))


async def looked_at(runner: Runner, jobs: Sequence[UUID]) -> None:
    """Returns when the ends are written too: the places are free before."""
    await asyncio.gather(*(runner.look(job_id, "cpu") for job_id in jobs))
    if runner._looks:
        await asyncio.wait(runner._looks)


async def cancel(house: House, job_id: UUID) -> None:
    async with house.database.transaction() as session:
        await operate.cancel(session, ADMIN_OWNER, job_id)


async def histories(house: House, jobs: Sequence[UUID]) -> list[str]:
    """The states that each went through after it was queued."""
    async with house.database.transaction() as session:
        told = select(func.string_agg(Event.data["state"].astext, text("' ' ORDER BY job_events.id")))
        told = told.where(Event.type == "state")
        return [
            str(await session.scalar(told.where(Event.job_id == job_id))).removeprefix("queued ") for job_id in jobs
        ]


async def tickets(house: House) -> Counter[str]:
    found = "SELECT CAST(status AS text) FROM procrastinate_jobs WHERE queue_name LIKE 'cpu/%'"
    async with house.database.transaction() as session:
        return Counter(await session.scalars(text(found)))


async def test_they_are_claimed_in_one_transaction_and_end_in_one(house: House, runner: Runner, works: Works) -> None:
    jobs = await submit(house)
    looks = look(runner, jobs)
    writers = select(func.count(text("DISTINCT CAST(xmin AS text)"))).select_from(Job)
    await works.begun.wait()
    async with house.database.transaction() as session:
        assert await session.scalar(writers) == 1
    works.go_on.set()
    await looks
    async with house.database.transaction() as session:
        assert await session.scalar(writers) == 1
    assert await histories(house, jobs) == ["running succeeded"] * SIZE


async def test_those_that_are_gone_before_the_claim(house: House, runner: Runner, works: Works) -> None:
    canceled, deleted, *others = jobs = await submit(house)
    for job_id in (canceled, deleted):
        await cancel(house, job_id)
    async with house.database.transaction() as session:
        await operate.remove(session, ADMIN_OWNER, deleted)
    works.go_on.set()
    await look(runner, jobs)
    assert await histories(house, [canceled, *others]) == ["canceled"] + ["running succeeded"] * len(others)


async def test_one_that_is_being_canceled_keeps_no_other_from_its_begin(
    house: House, runner: Runner, works: Works
) -> None:
    first, *others = jobs = await submit(house)
    works.enough = len(others)
    async with house.database.transaction() as session:
        await operate.cancel(session, ADMIN_OWNER, first)
        looks = look(runner, jobs)
        await works.begun.wait()
    works.go_on.set()
    await looks
    assert await histories(house, jobs) == ["canceled"] + ["running succeeded"] * len(others)


async def test_one_that_is_canceled_at_its_work(house: House, runner: Runner, works: Works) -> None:
    first, *others = jobs = await submit(house)
    looks = look(runner, jobs)
    await works.begun.wait()
    await cancel(house, first)
    works.go_on.set()
    await looks
    assert await histories(house, jobs) == ["running canceled"] + ["running succeeded"] * len(others)


async def test_one_that_is_being_canceled_keeps_no_other_from_its_end(
    house: House, runner: Runner, works: Works
) -> None:
    first, *others = jobs = await submit(house)
    looks = look(runner, jobs)
    await works.begun.wait()
    async with house.database.transaction() as session:
        await operate.cancel(session, ADMIN_OWNER, first)
        works.go_on.set()
        for job_id in others:
            await house.ended(job_id)
    await looks
    assert await histories(house, jobs) == ["running canceled"] + ["running succeeded"] * len(others)


async def test_one_of_an_unknown_kind_fails_by_itself(house: House, runner: Runner) -> None:
    unknown = await house.submit(queue="cpu", kind="unheard", max_attempts=1)
    jobs = await submit(house, SIZE - 1)
    await look(runner, [unknown, *jobs])
    assert await histories(house, [unknown, *jobs]) == ["running failed"] + ["running succeeded"] * len(jobs)


async def test_who_waits_for_the_answer_of_a_lot_is_not_taken_back(
    house: House, runner: Runner, works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    gap, jobs = Gap(), await submit(house)
    monkeypatch.setattr(worker.claiming, "claim_free", gap.around(claim_free, before=False))
    looks = look(runner, jobs)
    await gap.reached.wait()
    await Heartbeat(runner, runner.database, sign_of_life=runner.scratch / "alive").beat()
    works.go_on.set()
    gap.go_on.set()
    await looks
    assert gap.sizes == [SIZE]
    assert await histories(house, jobs) == ["running succeeded"] * SIZE


async def stop_in(gap: Gap, runner: Runner) -> None:
    """Tell it to stop while the lot is not written, or its answer not there; it is, as soon as that was told."""
    await gap.reached.wait()
    stopping = asyncio.create_task(runner.stop())
    await asyncio.sleep(0)
    gap.go_on.set()
    await stopping


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
async def test_a_worker_that_stops_at_the_claim_of_a_lot_gives_all_back(
    house: House, runner: Runner, works: Works, monkeypatch: pytest.MonkeyPatch, *, before: bool
) -> None:
    gap, jobs = Gap(), await submit(house)
    monkeypatch.setattr(worker.claiming, "claim_free", gap.around(claim_free, before=before))
    looks = look(runner, jobs)
    await stop_in(gap, runner)
    await looks
    assert works.at_work == 0
    found = [await house.job(job_id) for job_id in jobs]
    assert [(job.state, job.attempt, job.lease) for job in found] == [(State.QUEUED, 0, None)] * SIZE


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
async def test_a_worker_that_stops_at_the_end_of_a_lot_lets_all_end(
    house: House, runner: Runner, works: Works, monkeypatch: pytest.MonkeyPatch, *, before: bool
) -> None:
    gap, jobs = Gap(), await submit(house)
    monkeypatch.setattr(settle, "succeed_free", gap.around(settle.succeed_free, before=before))
    looks = look(runner, jobs)
    works.go_on.set()
    await stop_in(gap, runner)
    await looks
    assert await histories(house, jobs) == ["running succeeded"] * SIZE


async def break_connection(house: House, table: str, looks: Callable[[], Any]) -> Any:
    """While the lot of these looks waits for the table, in the midst of its statement."""
    holder = await house.database.engine.connect()
    await holder.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
    begun = looks()
    await house.blocked()
    await house.kill_backends()
    await holder.invalidate()
    await holder.close()
    return begun


async def test_a_claim_of_several_whose_connection_breaks(house: House, runner: Runner, works: Works) -> None:
    jobs = await submit(house)
    works.go_on.set()
    await (await break_connection(house, "job_events", lambda: look(runner, jobs)))
    assert await histories(house, jobs) == ["running succeeded"] * SIZE


async def test_an_end_of_several_whose_connection_breaks(house: House, runner: Runner, works: Works) -> None:
    jobs = await submit(house)
    looks = look(runner, jobs)
    await works.begun.wait()
    await break_connection(house, "engine_deaths", works.go_on.set)
    await looks
    assert await histories(house, jobs) == ["running succeeded"] * SIZE


@pytest.mark.usefixtures("unhurried")
async def test_no_more_are_begun_than_there_are_places_and_the_rest_is_given_back(house: House, works: Works) -> None:
    jobs, places = await submit(house, 10), 4
    works.enough = places
    settings = house.settings.worker.model_copy(update={"concurrency": {"cpu": places}, "queues": ["cpu"]})
    async with house.worker(worker=settings):
        await works.begun.wait()
        assert await tickets(house) == {"doing": places, "todo": len(jobs) - places}
    assert works.most == places
    # Of a look that was given up its ticket is put back, and with its job a new one came: the claim decides.
    assert await tickets(house) == {"todo": len(jobs) + places}
    found = [await house.job(job_id) for job_id in jobs]
    assert {(job.state, job.attempt, job.lease) for job in found} == {(State.QUEUED, 0, None)}


@pytest.mark.heavy
@pytest.mark.usefixtures("unhurried")
async def test_two_workers_of_one_queue_do_each_once(house: House, works: Works) -> None:
    jobs, places = await submit(house, 16), 4
    works.go_on.set()
    settings = house.settings.worker.model_copy(update={"concurrency": {"cpu": places}, "queues": ["cpu"]})
    async with house.worker(worker=settings), house.worker(worker=settings):
        for job_id in jobs:
            await house.ended(job_id)
    assert await histories(house, jobs) == ["running succeeded"] * len(jobs)
    assert await tickets(house) == {}


async def test_what_waits_for_the_device_is_fetched_one_by_one(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    services = dict[str, tuple[int, int]]()

    def serve(_: TicketManager, queues: Sequence[str], *, places: int, at_once: int) -> None:
        services[queues[0]] = places, at_once

    monkeypatch.setattr(TicketManager, "serve", serve)
    wanted = {"concurrency": {"gpu": 4, "cpu": 3}, "queues": ["gpu", "cpu"]}
    async with house.worker(worker=house.settings.worker.model_copy(update=wanted)):
        await asyncio.sleep(0)
    assert (services["gpu"], services["cpu"]) == ((4, 1), (3, 3))
