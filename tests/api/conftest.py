from __future__ import annotations

import asyncio
import wave
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import event

from api.app import create_app
from api.main import Server
from playhead import keys
from playhead.identity import new_id
from playhead.ledger import settle, workers
from playhead.ledger.claim import claim
from playhead.ledger.files import keep_blobs
from playhead.ledger.report import Said, report
from playhead.ledger.run import Run
from playhead.ledger.settle import Cost, Made
from playhead.settings import Settings

ADMIN_KEY = "the admin's key"
SECONDS = 20
"""More than anything here takes; a test that waits so long fails."""


@dataclass
class Stand:
    """An application with its lifespan begun, and a worker's part played by hand."""

    app: FastAPI
    worker_id: UUID

    @property
    def services(self) -> Any:
        return self.app.state.services

    async def hire(self) -> None:
        async with self.services.transaction() as session:
            await workers.arrive(
                session, self.worker_id, name="bench", device="none", queues=["gpu"], concurrency={"gpu": 1}
            )

    async def key(self, owner: str, *, admin: bool = False) -> str:
        async with self.services.transaction() as session:
            return (await keys.create(session, owner, owner=owner, admin=admin)).token

    async def claim(self, job_id: str) -> Run:
        async with self.services.transaction() as session:
            run = await claim(session, UUID(job_id), self.worker_id)
        assert run is not None
        return run

    async def progress(self, run: Run, fraction: float) -> None:
        async with self.services.transaction() as session:
            await report(session, run, Said(progress=(fraction, "transcribing", 1.5)))

    async def emit(self, run: Run, *items: dict[str, Any]) -> None:
        async with self.services.transaction() as session:
            await report(session, run, Said(events=[("segment", list(items))]))

    async def succeed(self, run: Run, result: dict[str, Any], made: Sequence[Made] = ()) -> None:
        async with self.services.transaction() as session:
            await settle.succeed(session, run, result, made, Cost(1.5, 10.0), self.services.storage.confirm)

    async def fail(self, run: Run, error: Any) -> None:
        async with self.services.transaction() as session:
            await settle.fail(session, run, error, Cost(), self.services.settings.retry)

    async def store(self, name: str, data: bytes, media_type: str) -> Made:
        blob = await self.services.storage.put_bytes(data)
        async with self.services.transaction() as session:
            await keep_blobs(session, [blob])
        return Made(name, blob.sha256, blob.size_bytes, media_type)

    async def done(self, client: httpx.AsyncClient, made: Sequence[Made] = ()) -> str:
        """The id of a job that has succeeded."""
        job_id = (await submit(client))["id"]
        await self.succeed(await self.claim(job_id), {"text": "hello"}, made)
        return str(job_id)


async def submit(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    """Submit a job; its answer."""
    body = {"kind": "transcribe", "input": {"url": "https://example.com/talk.mp3"}, **changes}
    answer = await client.post("/api/v1/jobs", json=body)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


def recording(seconds: float = 1.0) -> bytes:
    """A WAV file of silence."""
    file = BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(bytes(int(seconds * 8000) * 2))
    return file.getvalue()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(database_url=database_url, data_dir=tmp_path, admin_key=SecretStr(ADMIN_KEY), auth="keys")


_idle: list[FastAPI] = []


@asynccontextmanager
async def application(settings: Settings) -> AsyncIterator[FastAPI]:
    """An application that no other test uses now: to make one takes longer than what most tests ask of it."""
    app = _idle.pop() if _idle else create_app(settings)
    app.state.settings = settings
    app.state.metrics.requests.seconds.clear()
    yield app
    _idle.append(app)


@asynccontextmanager
async def standing(settings: Settings) -> AsyncIterator[Stand]:
    async with application(settings) as app, app.router.lifespan_context(app):
        stand = Stand(app, new_id())
        async with asyncio.timeout(SECONDS):
            await stand.services.listener.connected.wait()
        await stand.hire()
        yield stand


@pytest_asyncio.fixture(loop_scope="session")
async def stand(settings: Settings) -> AsyncIterator[Stand]:
    async with standing(settings) as stand:
        yield stand


def client_of(stand: Stand, key: str | None = ADMIN_KEY) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    transport = httpx.ASGITransport(stand.app)
    return httpx.AsyncClient(transport=transport, base_url="http://testserver", headers=headers, timeout=SECONDS)


@pytest_asyncio.fixture(loop_scope="session")
async def client(stand: Stand) -> AsyncIterator[httpx.AsyncClient]:
    """With the admin's key."""
    async with client_of(stand) as client:
        yield client


class Transactions:
    """How many transactions the pool of an application has begun."""

    def __init__(self, stand: Stand) -> None:
        self.begun = 0
        event.listen(stand.services.database.engine.sync_engine, "begin", self._count)

    def _count(self, _: object) -> None:
        self.begun += 1


@dataclass
class Live:
    """A server on loopback."""

    server: Server
    stand: Stand
    url: str
    transactions: Transactions

    def client(self, key: str = ADMIN_KEY) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {key}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=SECONDS, trust_env=False)


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[Live]:
    async with application(settings) as app:
        server = Server(app, "127.0.0.1", 0)
        task = asyncio.create_task(server.serve())
        async with asyncio.timeout(SECONDS):
            # uvicorn gives no signal of its start.
            while not server.started:
                assert not task.done(), "the server did not start"
                await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        stand = Stand(app, new_id())
        await stand.hire()
        try:
            yield Live(server, stand, f"http://127.0.0.1:{port}", Transactions(stand))
        finally:
            server.should_exit = True
            await asyncio.wait_for(task, SECONDS)


@pytest_asyncio.fixture(loop_scope="session")
async def live(settings: Settings) -> AsyncIterator[Live]:
    async with serving(settings) as live:
        await asyncio.wait_for(live.stand.services.listener.connected.wait(), SECONDS)
        yield live
