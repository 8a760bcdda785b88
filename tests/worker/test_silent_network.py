"""A network that goes silent: connections stand, and nothing comes through."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from playhead.identity import new_id
from playhead.ledger import workers
from tests.faults.network import before
from worker.engines import make_engines
from worker.heartbeat import Heartbeat, own_connection
from worker.metrics import Metrics
from worker.runner import Runner

if TYPE_CHECKING:
    from pathlib import Path

    from tests.worker.conftest import House


async def test_the_heart_beats_again_before_the_worker_is_taken_for_dead(house: House, tmp_path: Path) -> None:
    settings = house.settings
    engines = make_engines(settings)
    async with before(house.database.url) as (network, through):
        runner = Runner(new_id(), settings, house.database, house.storage, engines, tmp_path, Metrics())
        async with house.database.transaction() as session:
            about = {"name": "heart", "device": "stub", "queues": ["gpu"], "concurrency": {"gpu": 1}}
            await workers.arrive(session, runner.worker_id, **about)  # type: ignore[arg-type]
        database = own_connection(through, settings.worker)
        heartbeat = Heartbeat(runner, database, sign_of_life=tmp_path / "alive")
        await heartbeat.beat()
        network.silence()
        network.mend()  # for connections made from now on
        async with asyncio.timeout(settings.worker.lost_after_seconds):
            with suppress(TimeoutError):
                await heartbeat.beat()
            await heartbeat.beat()
        await database.close()
    await engines.close()
