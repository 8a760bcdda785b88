"""One API, one worker, and everything that can happen to their database, one after the other."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import asyncpg
import httpx
import pytest

from tests.faults.conftest import submit, until, until_ready, upload
from tests.faults.network import Network

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.faults.conftest import Stand

pytestmark = pytest.mark.heavy

ANSWER_SECONDS = 30
"""It takes a third of that at most; the rest is for a machine that has much else to do."""
CLIENTS = 12
"""More than the API has connections."""
SLOTS = "SELECT current_setting('max_connections')::int WHERE current_setting('is_superuser') = 'on'"
"""Those kept for superusers among them: all who connect here are one."""
KILL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'playhead%'"


@asynccontextmanager
async def restarted(stand: Stand, manner: signal.Signals) -> AsyncIterator[None]:
    """It is down until it has been asked for: however slow the machine is, that is not too late."""
    assert stand.server.pid is not None
    os.kill(stand.server.pid, manner)
    yield
    await asyncio.to_thread(stand.server.start)


@asynccontextmanager
async def cut(stand: Stand) -> AsyncIterator[None]:
    stand.network.refusing = True
    stand.network.cut()
    yield
    stand.network.refusing = False


@asynccontextmanager
async def silent(stand: Stand, then: Callable[[Network], None]) -> AsyncIterator[None]:
    stand.network.silence()
    yield
    then(stand.network)


def _cut(network: Network) -> None:
    network.mend()
    network.cut()


@asynccontextmanager
async def killed(stand: Stand) -> AsyncIterator[None]:
    """Every backend, those of Procrastinate's loops and listeners too, again and again: nobody comes far."""
    async with stand.connection() as connection:
        killing = asyncio.create_task(_kill_on(connection))
        yield
        killing.cancel()
        await asyncio.wait([killing])


async def _kill_on(connection: asyncpg.Connection[Any]) -> None:
    while True:
        await connection.execute(KILL)


@asynccontextmanager
async def crowded(stand: Stand) -> AsyncIterator[None]:
    """Others have every slot for a connection that the server has (53300).

    They are counted: a backend that ends is gone from `pg_stat_activity` before its slot is free, so that nobody else
    to be seen there does not mean that nobody else can come.
    """
    async with AsyncExitStack() as held:
        first = await held.enter_async_context(stand.connection())
        free = await first.fetchval(SLOTS) - 1
        while free:
            try:
                await held.enter_async_context(stand.connection())
                free -= 1
            except asyncpg.TooManyConnectionsError:
                await first.execute(KILL)
        yield


@asynccontextmanager
async def locked(stand: Stand) -> AsyncIterator[None]:
    """Whoever asks for a job waits, until every connection of the API is taken by those who do."""
    async with stand.connection() as connection, connection.transaction():
        await connection.execute("LOCK TABLE jobs")
        yield


async def refused(http: httpx.AsyncClient, path: str) -> None:
    """It is, sooner or later: a fault takes a moment to strike, and between two blows a request may come through."""
    while (answer := await http.get(path)).is_success:
        pass
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json()["code"] == "unavailable"


async def begun(http: httpx.AsyncClient, file_id: str) -> str:
    """A job that is under way; one that had ended before it was seen would show nothing."""
    while True:
        job = await until(http, await submit(http, file_id), "running", "succeeded")
        if job["state"] == "running":
            return str(job["id"])


async def test_the_same_processes_outlive_every_fault(stand: Stand) -> None:
    faults = {
        "killed": killed(stand),
        "crowded": crowded(stand),
        "locked": locked(stand),
        "restarted": restarted(stand, signal.SIGINT),
        "restarted at once": restarted(stand, signal.SIGQUIT),
        "postmaster killed": restarted(stand, signal.SIGKILL),
        "cut": cut(stand),
        "silent, then late": silent(stand, Network.heal),
        "silent, then half open": silent(stand, Network.mend),
    }
    async with stand.api() as (api, http), stand.worker() as worker:
        file_id = await upload(http)
        for name, fault in faults.items():
            under_way = await begun(http, file_id)
            async with fault, asyncio.timeout(ANSWER_SECONDS):
                (await http.get("/healthz")).raise_for_status()
                clients = CLIENTS if name == "locked" else 1
                jobs = (refused(http, f"/api/v1/jobs/{under_way}") for _ in range(clients))
                await asyncio.gather(*jobs, refused(http, "/readyz"))
            await until_ready(http)
            await until(http, await submit(http, file_id), "running", "succeeded")
            ended = await until(http, under_way, "succeeded", "failed")
            assert (ended["state"], ended["attempt"], api.code, worker.code) == ("succeeded", 1, None, None), name
        assert await worker.told_to_stop() == 0
        assert await api.told_to_stop() == 0
