"""An outage of the database that is longer than the time after which a silent worker is dead."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.faults.conftest import submit, until, upload

if TYPE_CHECKING:
    from tests.faults.conftest import Stand

LOST_AFTER_SECONDS = 4.0
SETTINGS = {"WORKER__LOST_AFTER_SECONDS": str(LOST_AFTER_SECONDS), "STUB__SEGMENTS": "30"}


@pytest.mark.heavy
async def test_nobody_is_taken_for_dead_who_could_not_say_that_he_lives(stand: Stand) -> None:
    async with stand.api() as (_, http), stand.worker(**SETTINGS), stand.worker(**SETTINGS):
        file_id = await upload(http)
        jobs = [await submit(http, file_id) for _ in range(2)]
        for job_id in jobs:
            await until(http, job_id, "running")
        stand.network.refusing = True
        stand.network.cut()
        await asyncio.sleep(LOST_AFTER_SECONDS * 1.5)
        stand.network.refusing = False
        ended = [await until(http, job_id, "succeeded", "failed") for job_id in jobs]
        assert [(job["state"], job["attempt"]) for job in ended] == [("succeeded", 1)] * 2
