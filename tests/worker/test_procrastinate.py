"""Procrastinate's known weaknesses cannot hurt: one test for each, against a real server and a real Procrastinate.

Where it is cheap, a test shows first that the library as it stands has the weakness: a new version that mends it fails
that test, and ours may be dropped.

Beside these: what a ticket is worth whose look or whose housekeeping broke (``tests/ledger/test_tickets.py``), a fetch
loop that begins anew beside its old runs (``test_nothing_sticks.py``), a network that goes silent
(``test_silent_network.py``), housekeeping whose turns heap up or hang (``test_housekeeping.py``), stranded and missing
tickets one by one (``tests/ledger/test_operate.py``).
"""

from __future__ import annotations

import asyncio
import gc
import json
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import procrastinate
import psycopg
import pytest
import pytest_asyncio
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from procrastinate.periodic import PeriodicDeferrer
from procrastinate.worker import Worker
from sqlalchemy import func, make_url, text, update

from playhead.database import Database
from playhead.errors import LeaseLostError
from playhead.identity import new_id
from playhead.ledger import queues, settle, sweep, workers
from playhead.ledger.claim import claim
from playhead.ledger.settle import Cost
from playhead.ledger.submit import submit
from playhead.models import WorkerRow
from playhead.pulse import Pulse
from playhead.schedules.system import Beat
from playhead.states import State
from playhead.tickets import place
from tests.worker.conftest import SUBMISSION
from tests.worker.gate import Gate
from worker.dispatch import answer_tickets, keep_fetching, make_app
from worker.fetching import Fetching
from worker.housekeeping import Housekeeping
from worker.ticketing import TicketManager

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine

    import asyncpg

    from playhead.ledger.run import Run
    from tests.worker.conftest import House

GPU = ["gpu", place("gpu", "transcribe")]
STOCK = "stock"
"""The queue of an application as Procrastinate's documentation writes it."""


@asynccontextmanager
async def stock(url: str, **pool: Any) -> AsyncIterator[procrastinate.App]:
    """Such an application, with a task that does nothing."""
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url, min_size=1, timeout=1, **pool))

    @app.task(name="nothing", queue=STOCK)
    async def nothing() -> None:
        pass

    async with app.open_async():
        yield app


@asynccontextmanager
async def background(work: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


@pytest_asyncio.fixture(loop_scope="session")
async def gate(postgres_url: str, database_url: str) -> AsyncIterator[Gate]:
    server = Database(postgres_url)
    async with server.engine.connect() as connection:
        own = await connection.execution_options(isolation_level="AUTOCOMMIT")
        made = Gate(own, str(make_url(database_url).database))
        yield made
        await made.open()
    await server.close()
    # psycopg leaves a connection that was canceled half-way to the garbage: the server would wait a minute for it.
    gc.collect()


async def rows(house: House, query: str, **values: Any) -> list[Any]:
    async with house.database.transaction() as session:
        return list((await session.execute(text(query), values)).all())


async def statuses(house: House) -> list[str]:
    return [status for (status,) in await rows(house, "SELECT CAST(status AS text) FROM procrastinate_jobs")]


async def fetch(manager: JobManager, queue: str, loop: int | None = None) -> Job:
    job = await manager.fetch_job(queues=[queue], worker_id=loop or await manager.register_worker())
    assert job is not None
    return job


async def begin(house: House, job_id: UUID) -> Run:
    """A run of a worker that was just entered and will never be heard of again."""
    worker_id = new_id()
    async with house.database.transaction() as session:
        about: dict[str, Any] = {"name": "gone", "device": "none", "queues": ["gpu"], "concurrency": {}}
        await workers.arrive(session, worker_id, **about)
    async with house.database.transaction() as session:
        run = await claim(session, job_id, worker_id)
    assert run is not None
    return run


async def fall_silent(house: House) -> None:
    """Let every worker and every fetch loop have been silent for an hour."""
    past = func.now() - text("interval '1 hour'")
    async with house.database.transaction() as session:
        await session.execute(update(WorkerRow).values(heartbeat_at=past))
        await session.execute(text("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'"))


async def test_a_finish_without_a_fence(house: House) -> None:
    """A worker that was taken for dead finishes a job that another has by now."""
    async with stock(house.database.url) as app:
        await app.tasks["nothing"].defer_async()
        taken = await fetch(app.job_manager, STOCK)
        await app.job_manager.retry_job(taken)  # The documented recipe for stalled jobs.
        await fetch(app.job_manager, STOCK)
        await app.job_manager.finish_job(taken, Status.SUCCEEDED, delete_job=False)
        assert await statuses(house) == ["succeeded"], "mended: a finish is fenced"
    job_id = await house.submit()
    zombie = await begin(house, job_id)
    await fall_silent(house)
    async with house.database.transaction() as session:
        await sweep.rescue_lost(session, 15)
    run = await begin(house, job_id)
    with pytest.raises(LeaseLostError):
        async with house.database.transaction() as session:
            await settle.succeed(session, zombie, {"text": "late"}, [], Cost(), house.storage.confirm)
    assert (await house.job(job_id)).lease == run.lease


async def test_a_ticket_put_back_without_a_fence(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same of our own doing: it was put back, and nobody answered. By the next try another may look at it."""
    await house.submit()
    app = make_app(house.database.url, application="test", connections=3)
    manager = app.job_manager
    assert isinstance(manager, TicketManager)
    async with app.open_async():
        first, second = await manager.register_worker(), await manager.register_worker()
        ticket = await fetch(manager, place("gpu", "transcribe"), first)
        put_back = "UPDATE procrastinate_jobs SET status = 'todo', worker_id = NULL RETURNING id"

        async def unheard(*_: Any, **__: Any) -> None:
            await rows(house, put_back)
            raise ConnectorException

        with monkeypatch.context() as network:
            network.setattr(app.connector, "execute_query_async", unheard)
            await manager.finish_job(ticket, Status.FAILED, delete_job=True)
            await manager.ended()
        again = await fetch(manager, place("gpu", "transcribe"), second)
        assert again.id == ticket.id
        await manager.update_heartbeat(first)
        assert await rows(house, "SELECT CAST(status AS text), worker_id FROM procrastinate_jobs") == [
            ("doing", second)
        ]


async def test_a_job_stranded_in_doing(house: House) -> None:
    """A worker fetched it and died before it did anything."""
    async with stock(house.database.url) as app:
        await app.tasks["nothing"].defer_async()
        await fetch(app.job_manager, STOCK)
        await fall_silent(house)
        await app.run_worker_async(queues=[STOCK], wait=False, install_signal_handlers=False)
        assert await statuses(house) == ["doing"], "mended: a fetch takes what is stranded"
    job_id = await house.submit()
    async with make_app(house.database.url, application="test", connections=2).open_async() as app:
        await fetch(app.job_manager, place("gpu", "transcribe"))
    await fall_silent(house)
    async with house.worker():
        job = await house.ended(job_id)
    assert (job.state, job.attempt) == (State.SUCCEEDED, 1)


@pytest.mark.heavy
async def test_no_recovery_of_stalled_jobs(house: House) -> None:
    """A worker died in the midst of it."""
    async with stock(house.database.url) as app:
        await app.tasks["nothing"].defer_async()
        await fetch(app.job_manager, STOCK)
        await fall_silent(house)
        await app.run_worker_async(queues=[STOCK], wait=False, install_signal_handlers=False)
        assert len(list(await app.job_manager.get_stalled_jobs(queue=STOCK))) == 1, "mended: they are taken back"
    job_id = await house.submit()
    async with make_app(house.database.url, application="test", connections=2).open_async() as app:
        await fetch(app.job_manager, place("gpu", "transcribe"))
    await begin(house, job_id)
    await fall_silent(house)
    async with house.worker():
        job = await house.ended(job_id)
    assert (job.state, job.attempt) == (State.SUCCEEDED, 2)


async def test_a_slow_fetch_behind_a_hundred_thousand_scheduled_rows(house: House) -> None:
    """It reads them all. A job that is not due has no ticket."""
    empty = await pages_read_by_a_fetch(house)
    for _ in range(20):
        await house.submit(run_at=datetime.now(UTC) + timedelta(days=1))
    assert await statuses(house) == []
    assert await pages_read_by_a_fetch(house) <= empty + 1
    await rows(
        house,
        "INSERT INTO procrastinate_jobs (task_name, queue_name, scheduled_at) "
        "SELECT 'nothing', 'gpu', now() + interval '1 day' FROM generate_series(1, 10000) RETURNING 1",
    )
    # Not so many more than before: where tickets were before, an empty table has as many pages.
    assert await pages_read_by_a_fetch(house) > 100, "mended: a fetch leaves out what is not due"


async def pages_read_by_a_fetch(house: House) -> int:
    found = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT * FROM procrastinate_fetch_job_v2(ARRAY['gpu'], NULL)"
    await rows(house, found)  # The first plans.
    ((plan,),) = await rows(house, found)
    read = (plan if isinstance(plan, list) else json.loads(plan))[0]["Plan"]
    return int(read["Shared Hit Blocks"] + read["Shared Read Blocks"])


async def test_configure_connection_takes_psycopg_only(house: House) -> None:
    """Ours is asyncpg's. A job and its ticket are committed together, or neither is."""
    async with stock(house.database.url) as app, house.database.engine.begin() as connection:
        ours: asyncpg.Connection[Any] | None = (await connection.get_raw_connection()).driver_connection
        with pytest.raises((AttributeError, TypeError)):
            await app.tasks["nothing"].configure(connection=ours).defer_async()
    wanted = await house.upload(b"any recording")

    async def post() -> UUID:
        async with house.database.transaction() as session:
            job_id = await submit(session, replace(SUBMISSION, input={"file": str(wanted)}))
            if not undone:
                undone.append(job_id)
                raise asyncio.CancelledError
            return job_id

    undone: list[UUID] = []
    with suppress(asyncio.CancelledError):
        await post()
    assert undone
    assert await rows(house, "SELECT id FROM jobs") == []
    assert await statuses(house) == []
    job_id = await post()
    assert await rows(house, "SELECT id FROM jobs") == [(job_id,)]
    assert await rows(house, "SELECT args ->> 'job_id' FROM procrastinate_jobs") == [(str(job_id),)]


async def test_the_periodic_deferrer_drops_ticks_over_ten_minutes_late(house: House) -> None:
    """The sweeps look at what is, not at what turn it is: the next turn does what those before it left."""
    app = procrastinate.App(connector=procrastinate.PsycopgConnector())
    Housekeeping(house.database, house.storage, house.settings, Pulse.of(house.settings.worker)).register(app)
    hourly = datetime.now(UTC).replace(minute=7, second=0, microsecond=0).timestamp()
    for late_seconds, comes in ((9 * 60, True), (11 * 60, False)):
        turns = PeriodicDeferrer(app.periodic_registry).get_previous_tasks(at=hourly + late_seconds)
        assert (Beat.HOUR.task_name in {turn.task.name for turn, _ in turns}) is comes
    long_due = await house.submit(run_at=datetime.now(UTC) + timedelta(days=1))
    await rows(house, "UPDATE jobs SET run_at = now() - interval '1 hour' RETURNING 1")
    async with house.worker():
        assert (await house.ended(long_due)).state == State.SUCCEEDED


async def test_a_killed_backend_ends_its_worker_with_a_connector_exception(house: House, gate: Gate) -> None:
    looked: asyncio.Queue[UUID] = asyncio.Queue()

    async def look(job_id: UUID, _queue: str) -> None:
        await looked.put(job_id)

    app = make_app(house.database.url, application="test", connections=3)
    answer_tickets(app, look)
    async with stock(house.database.url) as other, app.open_async(), background(keep_fetching(app, GPU, 1, 5)):
        options: dict[str, Any] = {"queues": [STOCK], "fetch_job_polling_interval": 0.1}
        its_worker = other.run_worker_async(**options, install_signal_handlers=False)
        async with background(its_worker) as stopped:
            await gate.until_listening(f"#{STOCK}")
            await gate.close()
            await asyncio.wait([stopped], timeout=30)
            assert isinstance(stopped.exception(), ConnectorException), "mended: it goes on"
        await gate.open()
        job_id = await house.submit()
        assert await asyncio.wait_for(looked.get(), 30) == job_id


async def test_autocommit_in_the_pools_kwargs_breaks_listen(house: House, gate: Gate) -> None:
    async with stock(house.database.url, kwargs={"autocommit": True}) as app:
        with pytest.raises(TypeError, match="autocommit"):
            await asyncio.wait_for(app.job_manager.listen_for_jobs(on_notification=unheeded, queues=[STOCK]), 10)
    ours = make_app(house.database.url, application="test", connections=3)
    async with ours.open_async(), background(keep_fetching(ours, GPU, 1, 5)):
        await gate.until_listening("#gpu")


async def unheeded(**_: Any) -> None:
    pass


async def test_a_listener_that_nobody_watches(house: House, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """The watch over listener and heartbeat ends with the periodic deferrer: at once where no task is periodic.

    The listener gives up when it cannot connect again at once. The worker polls on, and every job waits for that.
    """
    app = make_app(house.database.url, application="test", connections=3)
    refused = watch_refusals(monkeypatch)
    async with stock(house.database.url) as other, app.open_async():
        options: dict[str, Any] = {"queues": [STOCK], "fetch_job_polling_interval": 3600}
        its_worker = other.run_worker_async(**options, install_signal_handlers=False)
        async with background(its_worker) as polling:
            await gate.until_listening(f"#{STOCK}")
            (listener,) = [task for task in asyncio.all_tasks() if "listen_for_jobs" in str(task.get_coro())]
            async with background(keep_fetching(app, GPU, 1, 5)):
                await gate.until_listening("#gpu")
                await gate.close()
                await asyncio.wait([listener], timeout=30)
                assert isinstance(listener.exception(), ConnectorException), "mended: it listens again"
                assert not polling.done(), "mended: it is watched"
                await asyncio.wait_for(refused.wait(), 30)
                await gate.open()
                await gate.until_listening("#gpu")


def watch_refusals(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Set when one of our connections that listen was refused."""
    refused = asyncio.Event()
    connect: Any = psycopg.AsyncConnection.connect

    async def watched(kind: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return await connect.__func__(kind, *args, **kwargs)
        except psycopg.OperationalError:
            if kwargs.get("autocommit") and kind is not psycopg.AsyncConnection:  # As our listener connects alone.
                refused.set()
            raise

    monkeypatch.setattr(psycopg.AsyncConnection, "connect", classmethod(watched))
    return refused


async def test_news_that_comes_while_an_empty_answer_is_on_its_way(
    house: House, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop forgets all news when the answer is there. The next poll would find the ticket, seconds later."""
    options: dict[str, Any] = {"fetch_job_polling_interval": 3600, "install_signal_handlers": False}
    async with stock(house.database.url) as app:
        last = after_an_empty_answer(monkeypatch, app.tasks["nothing"].defer_async)
        async with background(app.run_worker_async(queues=[STOCK], **options)):
            await gate.until_listening(f"#{STOCK}")
            await app.tasks["nothing"].defer_async()
            await asyncio.wait_for(last.wait(), 30)
            with pytest.raises(TimeoutError):  # mended, if it does not: the loop asks again
                await until_none_is_left(house, seconds=1)
    looked: asyncio.Queue[UUID] = asyncio.Queue()

    async def look(job_id: UUID, _queue: str) -> None:
        await looked.put(job_id)

    ours = make_app(house.database.url, application="test", connections=3)
    answer_tickets(ours, look)
    await rows(house, "DELETE FROM procrastinate_jobs RETURNING 1")
    after_an_empty_answer(monkeypatch, house.submit)
    async with ours.open_async(), background(ours.run_worker_async(queues=GPU, **options)):
        await gate.until_listening("#gpu")
        await house.submit()
        for _ in range(2):
            await asyncio.wait_for(looked.get(), 30)


async def until_none_is_left(house: House, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        # The stock library says nothing of it.
        while await statuses(house) != ["succeeded", "succeeded"]:  # noqa: ASYNC110 - as said
            await asyncio.sleep(0.05)


def after_an_empty_answer(monkeypatch: pytest.MonkeyPatch, happens: Callable[..., Awaitable[Any]]) -> asyncio.Event:
    """Once a ticket was fetched, let this happen before the next answer, which is empty, comes; set when it has come.

    Not before a worker has heard the news.
    """
    hear = Worker._handle_notification
    fetched, heard, came = asyncio.Event(), asyncio.Event(), asyncio.Event()

    def watched(fetch: Callable[..., Awaitable[Job | None]]) -> Callable[..., Awaitable[Job | None]]:
        async def fetching(*args: Any, **options: Any) -> Job | None:
            job = await fetch(*args, **options)
            if job is not None:
                fetched.set()
            elif fetched.is_set() and not came.is_set():
                heard.clear()
                await happens()
                await asyncio.wait_for(heard.wait(), 30)
                came.set()
            return job

        return fetching

    async def hearing(self: Worker, **news: Any) -> None:
        await hear(self, **news)
        heard.set()

    monkeypatch.setattr(JobManager, "fetch_job", watched(JobManager.fetch_job))
    monkeypatch.setattr(Fetching, "next_ticket", watched(Fetching.next_ticket))
    monkeypatch.setattr(Worker, "_handle_notification", hearing)
    return came


async def test_a_worker_that_cannot_sign_off(house: House, gate: Gate) -> None:
    """Canceled while the database is away, it raises that instead: what waits for its end takes it for broken."""
    app = make_app(house.database.url, application="test", connections=3)
    async with stock(house.database.url) as other, app.open_async():
        its_worker = other.run_worker_async(queues=[STOCK], install_signal_handlers=False)
        async with background(its_worker) as stopped, background(keep_fetching(app, GPU, 1, 5)) as loop:
            await gate.until_listening(f"#{STOCK}")
            await gate.until_listening("#gpu")
            await gate.close()
            for task in (stopped, loop):
                task.cancel()
            await asyncio.wait([stopped, loop], timeout=30)
            assert not stopped.cancelled(), "mended: it ends as it was told to"
            assert isinstance(stopped.exception(), ConnectorException)
            assert loop.cancelled()
        await gate.open()


async def test_notify_serialises_commits(house: House) -> None:
    """PostgreSQL lets one transaction commit at a time that notifies: about a thousand in a second.

    So what concerns many jobs is one commit. What a run says is written twice a second (``test_reporter.py``).
    """
    await rows(house, "INSERT INTO queues (name, paused_at) VALUES ('gpu', now()) RETURNING 1")
    for number in range(30):
        await house.submit(str(number).encode())
    commits = "SELECT count(DISTINCT xmin::text), count(*) FROM procrastinate_jobs"
    assert await rows(house, commits) == [(30, 30)]
    await rows(house, "DELETE FROM procrastinate_jobs RETURNING 1")
    async with house.database.transaction() as session:
        await queues.resume(session, "gpu")
    assert await rows(house, commits) == [(1, 30)]
