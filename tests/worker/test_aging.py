from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from playhead.states import Priority
from playhead.tickets import place
from worker import dispatch
from worker.fetching import OLDEST_EACH

if TYPE_CHECKING:
    from tests.worker.conftest import House

QUEUES = ["gpu", place("gpu", "transcribe")]


async def taken(house: House, count: int) -> list[UUID]:
    """The jobs of the next so many tickets, as a loop takes them."""
    app = dispatch.make_app(house.database.url, application="playhead-tests", connections=2)
    async with app.open_async():
        loop = await app.job_manager.register_worker()
        found = [await app.job_manager.fetch_job(QUEUES, loop) for _ in range(count)]
    return [UUID(str(job.task_kwargs["job_id"])) for job in found if job is not None]


async def test_low_priority_moves_though_the_load_never_ends(house: House) -> None:
    low = [await house.submit(priority=Priority.LOW) for _ in range(2)]
    urgent = [await house.submit(priority=Priority.URGENT) for _ in range(3 * OLDEST_EACH)]
    order = await taken(house, 2 * OLDEST_EACH)
    assert order[: OLDEST_EACH - 1] == urgent[: OLDEST_EACH - 1]
    assert [order.index(job_id) for job_id in low] == [OLDEST_EACH - 1, 2 * OLDEST_EACH - 1]


@pytest.mark.parametrize("priority", list(Priority))
async def test_among_equals_the_first_goes_first(house: House, priority: Priority) -> None:
    jobs = [await house.submit(priority=priority) for _ in range(OLDEST_EACH + 1)]
    assert await taken(house, OLDEST_EACH + 1) == jobs
