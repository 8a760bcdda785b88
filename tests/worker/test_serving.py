from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, text

from playhead.models import WorkerRow
from playhead.states import State
from tests.worker.test_worker import all_spent
from worker.serving import served

if TYPE_CHECKING:
    from tests.worker.conftest import House


async def test_a_worker_takes_only_the_kinds_that_it_is_for(house: House) -> None:
    others = house.settings.worker.model_copy(update={"kinds": ["generate_srt"]})
    async with house.worker(worker=others):
        left = await house.submit()
        done = await house.ended(await house.submit(kind="generate_srt"))
        assert (await house.job(left)).state == State.QUEUED
        async with house.database.transaction() as session:
            row = (await session.scalars(select(WorkerRow).where(WorkerRow.stopped_at.is_(None)))).one()
        assert (row.queues, row.kinds) == (["gpu"], ["generate_srt"])
    assert done.state == State.SUCCEEDED
    async with house.worker():
        assert (await house.ended(left)).state == State.SUCCEEDED


async def test_tickets_of_older_versions_are_taken_too(house: House) -> None:
    job_id = await house.submit()
    async with house.database.transaction() as session:
        await session.execute(text("UPDATE procrastinate_jobs SET queue_name = 'gpu'"))
    async with house.worker():
        assert (await house.ended(job_id)).state == State.SUCCEEDED
        await all_spent(house)


async def test_queues_without_a_wanted_kind_are_left_alone(house: House) -> None:
    wanted = house.settings.worker.model_copy(update={"kinds": ["transcribe"]})
    assert served(wanted) == {"gpu": ["gpu/transcribe"]}
    assert set(served(house.settings.worker)) == set(house.settings.worker.queues)


async def test_jobs_whose_kind_went_to_another_queue_are_taken(house: House) -> None:
    job_id = await house.submit(queue="cpu")
    async with house.worker():
        assert (await house.ended(job_id)).state == State.SUCCEEDED
