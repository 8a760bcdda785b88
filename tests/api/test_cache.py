"""The same work is done once: through HTTP, with real workers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
import pytest_asyncio

from playhead.settings import Settings
from tests.api.conftest import Live, client_of, recording, serving, standing
from worker.main import working

MANY = 100
KIND = {"kind": "transcribe"}


@pytest_asyncio.fixture(loop_scope="session")
async def live(settings: Settings) -> AsyncIterator[Live]:
    settings.engines = "stub"
    async with serving(settings) as live:
        yield live


async def upload(client: httpx.AsyncClient) -> str:
    answer = await client.post("/api/v1/files", files={"file": ("talk.wav", recording(), "audio/wav")})
    return str(answer.json()["id"])


async def submit(client: httpx.AsyncClient, body: dict[str, Any], query: str = "", to: str = "jobs") -> dict[str, Any]:
    answer = await client.post(f"/api/v1/{to}{query}", json=KIND | body)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def ended(client: httpx.AsyncClient, job: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"/api/v1/jobs/{job['id']}?wait=60", timeout=90)).json()
    assert found["state"] == "succeeded", found
    return found


async def test_a_hundred_at_once_on_two_servers_make_one_run(live: Live, settings: Settings) -> None:
    async with AsyncExitStack() as stack:
        other = await stack.enter_async_context(standing(settings))
        clients = [await stack.enter_async_context(client) for client in (live.client(), client_of(other))]
        await stack.enter_async_context(working(settings))
        body = {"input": {"file": await upload(clients[0])}}
        jobs = await asyncio.gather(*(submit(clients[number % 2], body) for number in range(MANY)))
        done = await asyncio.gather(*(ended(clients[number % 2], job) for number, job in enumerate(jobs)))
        stats = (await clients[0].get("/api/v1/stats")).json()
    (led,) = [job for job in done if job["cached_from"] is None]
    assert {job["cached_from"] for job in done} == {None, led["id"]}
    assert {str(job["result"]) for job in done} == {str(led["result"])}
    assert all(len(job["outputs"]) == len(led["outputs"]) for job in done)
    assert (stats["jobs"], stats["answered"] + stats["attached"]) == (MANY, MANY - 1)
    assert (stats["gpu_seconds"], stats["audio_seconds"]) == (led["gpu_seconds"], led["audio_seconds"])
    assert stats["saved_audio_seconds"] == pytest.approx(led["audio_seconds"] * (MANY - 1))
    assert led["realtime_factor"] == led["run_seconds"] / led["audio_seconds"] == stats["realtime_factor"]


async def test_a_later_one_is_answered_at_submit_unless_it_asks_for_a_run(live: Live, settings: Settings) -> None:
    async with live.client() as client, working(settings):
        body = {"input": {"file": await upload(client)}}
        first = await ended(client, await submit(client, body))
        again = await submit(client, {"input": {"file": await upload(client)}, "priority": "high"})
        assert (again["state"], again["cached_from"], again["gpu_seconds"]) == ("succeeded", first["id"], 0)
        text = f"/api/v1/jobs/{again['id']}/outputs/transcript.txt"
        assert (await client.get(text)).text == (await client.get(text.replace(again["id"], first["id"]))).text
        named = await submit(client, body | {"params": {"model": settings.speech.model}})
        assert named["cached_from"] == first["id"]  # the model that is taken where none is named
        anew = await ended(client, await submit(client, body, "?cache=false"))
        assert anew["cached_from"] is None
        metrics = (await client.get("/metrics")).text
    assert 'playhead_cached_jobs{had="at_submit",kind="transcribe"} 2.0' in metrics


async def test_batches_are_answered_alike(live: Live, settings: Settings) -> None:
    async with live.client() as client, working(settings):
        source = {"file": await upload(client)}
        await ended(client, await submit(client, {"input": source}))
        body = {"inputs": [source, source]}
        batch = await submit(client, body, to="batches")
        assert (batch["state"], batch["counts"]) == ("succeeded", {"succeeded": 2})
        assert (await submit(client, body, "?cache=false", to="batches"))["state"] != "succeeded"


async def test_owners_share_nothing(live: Live, settings: Settings) -> None:
    headers = {"Authorization": f"Bearer {await live.stand.key('alice')}"}
    async with live.client() as client, live.client() as other, working(settings):
        other.headers.update(headers)
        await ended(client, await submit(client, {"input": {"file": await upload(client)}}))
        theirs = await ended(other, await submit(other, {"input": {"file": await upload(other)}}))
    assert theirs["cached_from"] is None


async def test_the_cache_can_be_turned_off(live: Live, settings: Settings) -> None:
    settings.cache = False
    async with live.client() as client, working(settings):
        body = {"input": {"file": await upload(client)}}
        for _ in range(2):
            assert (await ended(client, await submit(client, body)))["cached_from"] is None
