"""Housekeeping goes on: whatever one of its tasks does, whoever else sweeps, whatever becomes of its connections."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import asyncpg
import procrastinate
import pytest
from procrastinate.periodic import PeriodicDeferrer
from sqlalchemy import func, select, text, update
from structlog.testing import capture_logs

from playhead import turns
from playhead.database import now
from playhead.identity import new_id
from playhead.ledger import frozen, sweep, workers
from playhead.ledger.claim import claim
from playhead.models import Event, Job, WorkerRow
from playhead.pulse import Pulse
from playhead.schedules.system import TASKS, Beat
from playhead.states import STEPS, TERMINAL, State
from worker import dispatch
from worker.housekeeping import PLACES, Housekeeping

if TYPE_CHECKING:
    from uuid import UUID

    from tests.worker.conftest import House


LATER = datetime.now(UTC) + timedelta(days=365)


async def is_done_when_due(house: House) -> None:
    """A job that comes due is queued, which takes housekeeping, and done."""
    job_id = await house.submit(run_at=LATER)
    async with house.database.transaction() as session:
        await session.execute(update(Job).where(Job.id == job_id).values(run_at=func.now()))
    assert (await house.ended(job_id)).state == State.SUCCEEDED


def housekeeping(house: House) -> Housekeeping:
    return Housekeeping(house.database, house.storage, house.settings, Pulse.of(house.settings.worker))


def keeper(house: House) -> procrastinate.App:
    app = dispatch.make_app(house.database.url, application="test", connections=2)
    housekeeping(house).register(app)
    return app


def test_there_is_a_place_for_every_task_that_hangs_and_for_one_more() -> None:
    assert len(TASKS) < PLACES


def test_each_task_has_a_turn(house: House) -> None:
    assert housekeeping(house).turns.keys() == TASKS.keys()


async def test_tasks_that_hang_keep_no_other_from_its_turn(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = Counter[str]()

    def hang(name: str) -> Any:
        async def forever(*_: Any, **__: Any) -> int:
            hanging[name] += 1
            await asyncio.Event().wait()
            return 0

        return forever

    monkeypatch.setattr(turns, "TURN_SECONDS", 3600.0)
    for name in ("expire_late", "rescue_lost", "reissue_stranded"):
        monkeypatch.setattr(sweep, name, hang(name))
    async with house.worker():
        while len(hanging) < 3:
            await is_done_when_due(house)
        await is_done_when_due(house)
    # Nor are their own turns heaped up: one of each is under way at a time.
    assert set(hanging.values()) == {1}


async def test_a_task_that_hangs_gives_its_turn_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    began = Counter[str]()

    async def hang_once(session: Any) -> int:
        began["turns"] += 1
        if began["turns"] == 1:
            await asyncio.Event().wait()
        return await queue_due(session)

    queue_due = sweep.queue_due
    monkeypatch.setattr(turns, "TURN_SECONDS", 0.5)
    monkeypatch.setattr(sweep, "queue_due", hang_once)
    async with house.worker():
        await is_done_when_due(house)
    assert began["turns"] > 1


async def test_a_turn_ends_though_more_is_found_all_the_time(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    turn = 0.2
    monkeypatch.setattr(turns, "TURN_SECONDS", turn)

    async def more(*_: Any, **__: Any) -> int:
        await asyncio.sleep(turn / 10)
        return 500

    monkeypatch.setattr(sweep, "expire_late", more)
    await asyncio.wait_for(housekeeping(house).turns["expire"](), 30)


async def test_a_task_that_breaks_is_tried_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    broke = Counter[str]()

    async def break_twice(session: Any) -> int:
        if broke["turns"] < 2:
            broke["turns"] += 1
            await session.execute(text("SELECT 1 / 0"))
        return await queue_due(session)

    queue_due = sweep.queue_due
    monkeypatch.setattr(sweep, "queue_due", break_twice)
    with capture_logs() as told:
        async with house.worker():
            await is_done_when_due(house)
    assert [line["task"] for line in told if line["event"] == "turn_broke"] == ["due", "due"]


async def test_connections_of_the_housekeeping_that_are_killed_are_made_anew(house: House) -> None:
    kill = """
        SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'playhead-housekeeping'
    """
    async with house.worker():
        await is_done_when_due(house)
        for _ in range(3):
            async with house.database.transaction() as session:
                assert await session.scalar(text(kill))
            await is_done_when_due(house)


async def test_turns_that_a_long_sleep_missed_are_not_made_up_for(house: House) -> None:
    app = keeper(house)
    deferrer, now = PeriodicDeferrer(app.periodic_registry), time.time()
    deferrer.last_defers = dict.fromkeys(app.periodic_registry.periodic_tasks, int(now) - 2 * 3600)
    every_five = Beat.FIVE_SECONDS.task_name
    turns = [(task, at) for task, at in deferrer.get_previous_tasks(now) if task.task.name == every_five]
    assert len(turns) > 1000
    async with app.open_async():
        await deferrer.defer_jobs(turns[:-200])
    async with house.database.transaction() as session:
        assert await session.scalar(text("SELECT count(*) FROM procrastinate_jobs")) == 0


async def dead_worker(house: House) -> UUID:
    worker_id = new_id()
    async with house.database.transaction() as session:
        about: dict[str, Any] = {"name": "dead", "device": "none", "queues": ["gpu"], "concurrency": {"gpu": 1}}
        await workers.arrive(session, worker_id, **about)
        await session.flush()
        long_ago = func.now() - timedelta(hours=1)
        await session.execute(update(WorkerRow).where(WorkerRow.id == worker_id).values(heartbeat_at=long_ago))
    return worker_id


async def left_by(house: House, worker_id: UUID, attempts: int) -> UUID:
    """A job in the hands of a dead worker."""
    job_id = await house.submit(max_attempts=attempts)
    async with house.database.transaction() as session:
        await claim(session, job_id, worker_id)
    return job_id


async def test_a_worker_that_was_cut_off_itself_takes_nobody_for_dead(house: House) -> None:
    """After an outage all look silent until they have beaten again, and one of them rescues first."""
    pulse = Pulse(timedelta(seconds=7))
    house_keeper = Housekeeping(house.database, house.storage, house.settings, pulse)
    running = await left_by(house, await dead_worker(house), attempts=2)

    async def rescued(*beats_ago: float) -> int:
        pulse._last = None
        async with house.database.transaction() as session:
            at = await now(session)
            for ago in beats_ago:
                pulse.beat(at - timedelta(seconds=ago))
            return await house_keeper._rescue(session)

    assert await rescued() == 0  # begun a moment ago
    assert await rescued(30, 25) == 0  # still cut off
    assert await rescued(40, 35, 5, 0) == 0  # back, and the others have not had their time
    assert (await house.job(running)).state == State.RUNNING
    assert await rescued(40, 35, 20, 15, 10, 5, 0) == 1


async def test_a_worker_that_ended_is_not_thought_alive_because_its_rescuer_was_cut_off(house: House) -> None:
    worker_id = await dead_worker(house)
    await left_by(house, worker_id, attempts=2)
    house_keeper = Housekeeping(house.database, house.storage, house.settings, Pulse(timedelta(seconds=7)))
    async with house.database.transaction() as session:
        await workers.leave(session, worker_id)
        assert await house_keeper._rescue(session) == 1


@pytest.mark.heavy
async def test_a_job_whose_row_a_frozen_worker_holds_is_rescued(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the two messages of a statement: PostgreSQL does not call that idle, and waits for ever."""
    monkeypatch.setattr(frozen, "AFTER_SECONDS", 0.1)
    job_id = await left_by(house, await dead_worker(house), attempts=2)
    stopped = await asyncpg.connect(house.database.url, server_settings={"application_name": "playhead-worker"})
    await stopped.execute("BEGIN")
    await stopped.execute("SELECT id FROM jobs WHERE id = $1 FOR UPDATE", job_id)
    await stopped.prepare("SELECT 1")
    try:
        async with house.worker():
            assert (await house.ended(job_id)).state == State.SUCCEEDED
    finally:
        await stopped.close()


@pytest.mark.heavy
async def test_three_workers_that_sweep_at_once_do_nothing_twice(house: House) -> None:
    dead = await dead_worker(house)
    jobs: dict[UUID, State] = {}
    for number in range(5):
        due = datetime.now(UTC) + timedelta(seconds=1 + number / 5)
        jobs[await house.submit(run_at=due)] = State.SUCCEEDED
        jobs[await house.submit(run_at=LATER, expires_in_seconds=0.01)] = State.EXPIRED
        jobs[await left_by(house, dead, attempts=2)] = State.SUCCEEDED
        jobs[await left_by(house, dead, attempts=1)] = State.FAILED
    async with house.worker(), house.worker(), house.worker():
        ended = {job_id: await house.ended(job_id) for job_id in jobs}
    assert {job_id: State(job.state) for job_id, job in ended.items()} == jobs
    for job in ended.values():
        await had_each_step_once(house, job)


async def had_each_step_once(house: House, job: Job) -> None:
    async with house.database.transaction() as session:
        told = select(Event.data["state"].astext).where(Event.job_id == job.id, Event.type == "state")
        states = [State(state) for state in await session.scalars(told.order_by(Event.id))]
    assert all(after in STEPS[before] for before, after in pairwise(states)), states
    assert sum(state in TERMINAL for state in states) == 1, states
    assert states.count(State.RUNNING) == job.attempt, states
