from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio

from local.ports import any_free
from local.postgres import EmbeddedPostgres
from playhead.migrate import upgrade
from tests.faults.network import Network, before
from tests.programs import SECONDS, Program, program

POSTGRES = {
    # Its processes are killed, not the machine: what was written is there, flushed or not.
    "fsync": "off",
    "full_page_writes": "off",
}
SETTINGS = {
    "AUTH": "off",
    "ENGINES": "stub",
    "STUB__SEGMENTS": "4",
    "STUB__SECONDS_PER_SEGMENT": "0.5",
    "WORKER__HEARTBEAT_SECONDS": "1",
    "WORKER__LOST_AFTER_SECONDS": "60",  # what is shown here is that runs go on, not that others take them over
    "WORKER__GRACE_SECONDS": "4",
    "WORKER__QUEUES": '["gpu"]',
}

# Without its polling: whoever hears of a job only because it looks every five seconds is deaf.
CODE = """
import functools
import procrastinate
from cli.main import main

once_a_minute = functools.partialmethod(procrastinate.App.run_worker_async, fetch_job_polling_interval=60)
procrastinate.App.run_worker_async = once_a_minute
main()
"""


@dataclass
class Stand:
    """A server to break, a network before it to break, and the folder of whoever works there."""

    server: EmbeddedPostgres
    network: Network
    url: str
    data_dir: Path

    def _program(self, *arguments: str, **settings: str) -> AbstractAsyncContextManager[Program]:
        here = {"DATABASE_URL": self.url, "DATA_DIR": str(self.data_dir)}
        return program(CODE, *arguments, **SETTINGS | here | settings)

    @asynccontextmanager
    async def worker(self, **settings: str) -> AsyncIterator[Program]:
        async with self._program("worker", **settings) as worker:
            await worker.says("worker_ready")
            yield worker

    @asynccontextmanager
    async def api(self) -> AsyncIterator[tuple[Program, httpx.AsyncClient]]:
        port = any_free("127.0.0.1")
        client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=SECONDS, trust_env=False)
        async with self._program("api", "--port", str(port)) as api, client as http:
            await until_ready(http)
            yield api, http

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection[Any]]:
        """Past the network."""
        connection = await asyncpg.connect(self.server.url, server_settings={"application_name": "test"})
        try:
            yield connection
        finally:
            await connection.close()


async def until_ready(http: httpx.AsyncClient) -> None:
    """Nothing tells when a server is ready: it has to be asked."""
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                if (await http.get("/readyz")).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)


async def submit(http: httpx.AsyncClient, file_id: str) -> str:
    body = {"kind": "transcribe", "input": {"file": file_id}}
    answer = await http.post("/api/v1/jobs?cache=false", json=body)
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text
    return str(answer.json()["id"])


async def until(http: httpx.AsyncClient, job_id: str, *states: str) -> dict[str, Any]:
    async with asyncio.timeout(SECONDS):
        while True:
            job = (await http.get(f"/api/v1/jobs/{job_id}")).json()
            if job.get("state") in states:
                return dict(job)
            await asyncio.sleep(0.05)


async def upload(http: httpx.AsyncClient) -> str:
    answer = await http.post("/api/v1/files", files={"file": ("talk.wav", b"any recording")})
    return str(answer.raise_for_status().json()["id"])


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """A server that may be broken: no other test works there."""
    # Not tmp_path: pytest closes that to other users, and as root the server runs as another one.
    with tempfile.TemporaryDirectory(prefix="playhead-") as folder:
        Path(folder).chmod(0o711)
        with EmbeddedPostgres(Path(folder) / "postgres", POSTGRES) as server:
            asyncio.run(upgrade(server.url))
            yield server


@pytest_asyncio.fixture(loop_scope="session")
async def stand(server: EmbeddedPostgres, tmp_path: Path) -> AsyncIterator[Stand]:
    async with before(server.url) as (network, through):
        yield Stand(server, network, through, tmp_path)
