"""A worker that is told to stop while it cannot reach its database."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.programs import SECONDS

if TYPE_CHECKING:
    from tests.faults.conftest import Stand

QUEUES = ["gpu", "cpu", "io"]
GRACE_SECONDS = 2
MARGIN_SECONDS = 20
"""It takes a few seconds; the rest is for a machine that has much else to do."""


LISTENING = "SELECT count(*) FROM pg_stat_activity WHERE query ILIKE 'listen %'"


async def until_all_listen(stand: Stand) -> None:
    """PostgreSQL tells nobody who listens: it has to be asked."""
    async with stand.connection() as connection, asyncio.timeout(SECONDS):
        # With the housekeeping and the heart.
        while await connection.fetchval(LISTENING) < len(QUEUES) + 2:  # noqa: ASYNC110 - as said
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("fault", ["away", "silent"])
async def test_a_worker_stops_in_order_without_its_database(stand: Stand, fault: str) -> None:
    async with stand.worker(WORKER__GRACE_SECONDS=str(GRACE_SECONDS), WORKER__QUEUES=json.dumps(QUEUES)) as worker:
        await until_all_listen(stand)
        if fault == "silent":
            stand.network.silence()
        else:
            stand.network.refusing = True
            stand.network.cut()
            await worker.says("heartbeat_missed")
        began = time.monotonic()
        assert await worker.told_to_stop() == 0
        assert time.monotonic() - began < GRACE_SECONDS + MARGIN_SECONDS
    assert not [line for line in worker.log.lines if line.get("level") == "error"]
