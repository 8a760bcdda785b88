"""The database ends the connection in the midst of what takes many statements."""

from __future__ import annotations

import asyncio
import json
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
from sqlalchemy import event
from sqlalchemy.util import await_only

from tests.api.conftest import Stand

if TYPE_CHECKING:
    import httpx

URLS = [{"url": f"https://example.com/{place}.mp3"} for place in range(5)]
BATCH: dict[str, Any] = {"kind": "transcribe", "inputs": URLS}


@asynccontextmanager
async def killed_at(stand: Stand, commit: int) -> AsyncIterator[None]:
    """End the connection that is about to commit as the so many-th, 1 being the next."""
    admin = await asyncpg.connect(stand.services.settings.database_url)
    engine, seen = stand.services.database.engine.sync_engine, list[int]()

    def kill(connection: Any) -> None:
        seen.append(connection.connection.driver_connection.get_server_pid())
        if len(seen) == commit:
            await_only(admin.execute("SELECT pg_terminate_backend($1, 10000)", seen[-1]))

    event.listen(engine, "commit", kill)
    yield
    event.remove(engine, "commit", kill)
    await admin.close()
    assert len(seen) >= commit


async def jobs(client: httpx.AsyncClient) -> int:
    return int((await client.get("/api/v1/stats")).json()["jobs"])


async def test_a_batch_is_stored_whole_or_not_at_all(client: httpx.AsyncClient, stand: Stand) -> None:
    headers = {"Idempotency-Key": "one"}
    async with killed_at(stand, 1):
        refused = await client.post("/api/v1/batches", json=BATCH, headers=headers)
    assert (refused.status_code, refused.json()["code"], await jobs(client)) == (503, "unavailable", 0)
    assert int(refused.headers["Retry-After"]) > 0
    again = await client.post("/api/v1/batches", json=BATCH, headers=headers)
    assert (again.status_code, await jobs(client)) == (202, len(URLS))


async def test_a_corpus_sent_again_is_whole_and_not_doubled(
    client: httpx.AsyncClient, stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.routes.bulk.AT_ONCE", 2)
    lines = "\n".join(json.dumps({"kind": "transcribe", "input": url}) for url in URLS)
    async with killed_at(stand, 2):
        refused = await client.post("/api/v1/bulk", content=lines)
    assert (refused.status_code, refused.json()["code"], await jobs(client)) == (503, "unavailable", 2)
    report = (await client.post("/api/v1/bulk", content=lines)).json()
    assert (report["accepted"], report["known"], await jobs(client)) == (3, 2, len(URLS))


async def test_a_zip_file_that_is_cut_off_is_none(
    client: httpx.AsyncClient, stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.routes.batch_outputs.ENTRIES_AT_ONCE", 1)
    path = f"/api/v1/batches/{(await client.post('/api/v1/batches', json=BATCH)).json()['id']}/outputs.zip"
    made = [await stand.store("a.txt", b"text", "text/plain")]
    for job in (await client.get("/api/v1/jobs")).json()["items"]:
        await stand.succeed(await stand.claim(job["id"]), {"text": ""}, made)
    async with killed_at(stand, 3):
        with pytest.raises(RuntimeError, match="already started"):  # whereupon the server ends the connection
            await client.get(path)
    with zipfile.ZipFile(BytesIO((await client.get(path)).content)) as archive:
        assert len(archive.namelist()) == len(URLS)


async def test_a_wait_is_told_to_come_again(client: httpx.AsyncClient, stand: Stand) -> None:
    path = f"/api/v1/batches/{(await client.post('/api/v1/batches', json=BATCH)).json()['id']}"
    async with killed_at(stand, 1):
        refused = await client.get(path, params={"wait": 30})
    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
    waiting = asyncio.create_task(client.get(path, params={"wait": 15}))
    await client.post(f"{path}/cancel")
    assert (await waiting).json()["state"] == "canceled"
