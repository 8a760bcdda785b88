"""A transaction is committed, but the answer is lost on the way: nothing is done twice, and nothing is given up."""

from __future__ import annotations

import asyncio
import contextlib
from collections import UserDict
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import func, select, text

from api.app import create_app
from playhead.database import Database
from playhead.identity import new_id
from playhead.ledger import sweep, workers
from playhead.ledger.claim import claim
from playhead.ledger.settle import Cost
from playhead.models import Job
from playhead.states import State
from playhead.tickets import place
from tests.faults.network import Network, before
from tests.worker.conftest import house
from worker.claiming import Claiming
from worker.dispatch import make_app
from worker.engines import make_engines
from worker.metrics import Metrics
from worker.outcome import Success
from worker.presence import arrive
from worker.reporter import Reporter
from worker.runner import Runner
from worker.settling import Settling

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, ItemsView
    from pathlib import Path
    from uuid import UUID

    from procrastinate.jobs import Job as Ticket

    from playhead.ledger.run import Run
    from tests.worker.conftest import House
    from worker.context import JobContext

__all__ = ["house"]  # the fixture

PLACE = place("gpu", "transcribe")


@pytest_asyncio.fixture(loop_scope="session")
async def path(house: House) -> AsyncIterator[tuple[Network, str]]:
    async with before(house.database.url) as (network, through):
        yield network, through


@pytest_asyncio.fixture(loop_scope="session")
async def runner(house: House, path: tuple[Network, str], tmp_path: Path) -> AsyncIterator[Runner]:
    """A worker without its loops, behind the network: a test hands it tickets."""
    engines, database = make_engines(house.settings), Database(path[1])
    made = Runner(new_id(), house.settings, database, house.storage, engines, tmp_path / "scratch", Metrics())
    await arrive(made)
    yield made
    await engines.close()
    await database.close()


@pytest_asyncio.fixture(loop_scope="session")
async def http(house: House, path: tuple[Network, str]) -> AsyncIterator[httpx.AsyncClient]:
    """An API behind the network."""
    app = create_app(house.settings.model_copy(update={"database_url": path[1], "auth": "off"}))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            yield client


async def states(house: House, job_id: UUID) -> list[str]:
    return [told["state"] for told in await house.events(job_id, "state")]


async def test_a_worker_whose_arrival_got_no_answer_arrives(
    house: House, runner: Runner, path: tuple[Network, str]
) -> None:
    """It tried again with the same id, took the row for another's, and ended."""
    network, _ = path
    runner.worker_id = new_id()
    network.lose_next_answer()
    await asyncio.wait_for(arrive(runner), 60)
    assert network.lost.is_set()
    async with house.database.transaction() as session:
        assert await workers.beat(session, runner.worker_id, "") == {}


FETCH = b"WITH near AS"
"""What only the fetch of a ticket says."""
CLAIM = b"nextval('lease_tokens')"
"""What only a claim says; and then, that is its transaction, the id of the job."""


@asynccontextmanager
async def loop_behind(through: str) -> AsyncIterator[Callable[[str], Coroutine[Any, Any, Ticket | None]]]:
    """What fetches from a queue, as a fetch loop does."""
    app = make_app(through, application="test", connections=2)
    async with app.open_async():
        loop = await app.job_manager.register_worker()
        yield lambda queue: asyncio.wait_for(app.job_manager.fetch_job([queue], loop), 60)


async def test_a_ticket_is_fetched_again(house: House, path: tuple[Network, str]) -> None:
    """The loop lives, so that nobody took the ticket for stranded: its job waited for a minute, and it lay there."""
    network, through = path
    jobs = [await house.submit(), await house.submit()]
    async with loop_behind(through) as fetch:
        fetched = [await fetch(PLACE)]
        network.lose_next_answer(ends_with=FETCH)
        fetched += [await fetch(PLACE), await fetch(PLACE)]
    assert network.lost.is_set()
    assert [ticket and ticket.task_kwargs for ticket in fetched] == [*({"job_id": str(job)} for job in jobs), None]


async def test_a_fetch_may_be_committed_after_it_was_given_up(house: House, path: tuple[Network, str]) -> None:
    """A silent network held its last word back."""
    network, through = path
    late = text("UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT id FROM procrastinate_workers)")
    await house.submit()
    async with loop_behind(through) as fetch:
        network.lose_next_answer(ends_with=FETCH)
        assert await fetch("none of ours") is None
        async with house.database.transaction() as session:
            await session.execute(late)
        assert await fetch(PLACE) is not None
    assert network.lost.is_set()


async def test_a_turn_of_the_housekeeping_gives_way_to_the_next(house: House, path: tuple[Network, str]) -> None:
    network, through = path
    beside = make_app(house.database.url, application="test", connections=2)  # not behind the network
    async with loop_behind(through) as fetch, beside.open_async() as app:
        turn = app.configure_task("turn", queue="turns", queueing_lock="turn", allow_unknown=True)
        await turn.defer_async(number=1)
        network.lose_next_answer(ends_with=FETCH)
        fetching = asyncio.create_task(fetch("turns"))
        await network.lost.wait()
        network.refusing = True  # so that it is fetched again only after the next turn has come
        network.cut()
        await turn.defer_async(number=2)
        network.refusing = False
        ticket = await fetching
    assert ticket is not None
    assert ticket.task_kwargs == {"number": 2}


async def test_a_claim_is_taken_up(house: House, runner: Runner, path: tuple[Network, str]) -> None:
    """It costs no attempt: a job with only one would else be a dead letter that was never begun."""
    network, _ = path
    job_id = await house.submit(max_attempts=1)
    network.lose_next_answer(of_who_said=CLAIM, ends_with=job_id.bytes)
    await asyncio.wait_for(runner.look(job_id, "gpu"), 60)
    assert network.lost.is_set()
    job = await house.job(job_id)
    assert (job.state, job.attempt) == (State.SUCCEEDED, 1)
    assert await states(house, job_id) == ["queued", "running", "succeeded"]


async def test_claims_of_a_lot_are_taken_up(house: House, runner: Runner, path: tuple[Network, str]) -> None:
    network, _ = path
    runner.settings.worker.concurrency["gpu"] = 4
    ids = [await house.submit(max_attempts=1) for _ in range(4)]
    network.lose_next_answer(of_who_said=CLAIM, ends_with=ids[-1].bytes)
    await asyncio.wait_for(asyncio.gather(*(runner.look(job_id, "gpu") for job_id in ids)), 60)
    assert network.lost.is_set()
    for job_id in ids:
        assert (await house.job(job_id)).attempt == 1
        assert await states(house, job_id) == ["queued", "running", "succeeded"]


async def test_a_claim_that_another_look_may_act_on_is_left_to_it(
    house: House, runner: Runner, path: tuple[Network, str]
) -> None:
    network, _ = path
    job_id = await house.submit()
    claiming = Claiming(runner.database, runner.worker_id, wanted=lambda: True, may_take_up=lambda _: False)
    network.lose_next_answer(of_who_said=CLAIM, ends_with=job_id.bytes)
    assert await asyncio.wait_for(claiming.claim(job_id), 60) is None
    assert network.lost.is_set()
    assert (await house.job(job_id)).state == State.RUNNING


async def test_a_run_that_the_heart_is_about_to_take_back_is_not_taken_up(
    house: House, runner: Runner, path: tuple[Network, str]
) -> None:
    """The heart may wait long for the database, between the look at what is in hand and the taking back."""
    network, _ = path
    job_id = await house.submit()
    async with house.database.transaction() as session:
        run = await claim(session, job_id, runner.worker_id)
    assert run is not None
    chosen = runner.dropped({run.lease: job_id})
    network.lose_next_answer()
    await asyncio.wait_for(runner.look(job_id, "gpu"), 60)
    assert network.lost.is_set()
    async with house.database.transaction() as session:
        assert await sweep.rescue_dropped(session, chosen) == 1
    assert await states(house, job_id) == ["queued", "running", "queued"]


async def test_a_run_that_comes_in_hand_while_the_heart_chooses_is_not_taken_back(runner: Runner) -> None:
    """The heart is a thread of its own."""
    job_id = new_id()
    with contextlib.ExitStack() as meanwhile:

        class Held(UserDict[int, "UUID"]):
            def items(self) -> ItemsView[int, UUID]:
                meanwhile.enter_context(runner._holding(job_id))
                return super().items()

        assert runner.dropped(Held({7: job_id})) == []
    assert runner.dropped({7: job_id}) == [7]


async def test_a_settled_job_is_settled_once(house: House, runner: Runner, path: tuple[Network, str]) -> None:
    network, _ = path
    job_id = await house.submit()
    network.lose_next_answer(of_who_said=b"INSERT INTO outputs")
    await asyncio.wait_for(runner.look(job_id, "gpu"), 60)
    assert network.lost.is_set()
    assert await states(house, job_id) == ["queued", "running", "succeeded"]
    assert len(await house.events(job_id, "segment")) == house.settings.stub.segments
    assert sorted(await house.outputs(job_id))


BODY: dict[str, Any] = {"kind": "transcribe", "input": {"url": "https://example.com/talk.mp3"}}


@pytest.mark.parametrize("answer", ["lost", "away"])
async def test_ends_that_are_written_together_are_written_once(
    house: House, runner: Runner, path: tuple[Network, str], monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    """The answer to their commit is lost, or there is no database for a while."""
    network, _ = path
    runs = [await take(house, runner) for _ in range(3)]
    settling, postponed = Settling(runner.database, runner.storage, runner.settings.retry), asyncio.Event()
    if answer == "lost":
        network.lose_next_answer(of_who_said=b"jsonb_to_recordset")
        postponed.set()
    else:
        network.refusing = True
        network.cut()
        monkeypatch.setattr("worker.settling.log.warning", lambda *_, **__: postponed.set())
    writing = asyncio.gather(*(settling.settle(ended(runner, run), Success({"text": "it"})) for run in runs))
    await postponed.wait()
    network.refusing = False
    written = await asyncio.wait_for(writing, 60)
    assert network.lost.is_set() is (answer == "lost")
    assert set(written) == {"lost" if answer == "lost" else "succeeded"}
    for run in runs:
        job = await house.job(run.job_id)
        assert (job.state, job.result, job.gpu_seconds) == (State.SUCCEEDED, {"text": "it"}, 1.0)
        assert await states(house, run.job_id) == ["queued", "running", "succeeded"]


async def take(house: House, runner: Runner) -> Run:
    job_id = await house.submit()
    async with house.database.transaction() as session:
        run = await claim(session, job_id, runner.worker_id)
    assert run is not None
    return run


def ended(runner: Runner, run: Run) -> JobContext:
    """What is left of a run that is done."""
    left = {"run": run, "made": {}, "cost": Cost(1.0), "reporter": Reporter(runner.database, run)}
    return cast("JobContext", SimpleNamespace(**left))


async def jobs(house: House) -> int:
    async with house.database.transaction() as session:
        return await session.scalar(select(func.count()).select_from(Job)) or 0


async def test_a_submission_with_a_key_may_be_repeated(
    house: House, http: httpx.AsyncClient, path: tuple[Network, str]
) -> None:
    network, _ = path
    headers = {"Idempotency-Key": "once"}
    network.lose_next_answer()
    answer = await http.post("/api/v1/jobs", json=BODY, headers=headers)
    assert network.lost.is_set()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    answers = [await http.post("/api/v1/jobs", json=BODY, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await jobs(house) == 1


async def test_a_submission_without_a_key_is_repeated_by_its_client_alone(
    house: House, http: httpx.AsyncClient, path: tuple[Network, str]
) -> None:
    network, _ = path
    network.lose_next_answer()
    answer = await http.post("/api/v1/jobs", json=BODY)
    assert network.lost.is_set()
    assert answer.status_code == 503
    assert await jobs(house) == 1
