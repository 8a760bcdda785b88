"""Waits and streams are tried on a real server: what a transport in memory buffers cannot be waited for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.errors import MediaUnreadableError
from playhead.ledger import read
from playhead.settings import Settings
from playhead.states import State
from tests.api.conftest import SECONDS, Live, serving, submit

Event = tuple[str, dict[str, Any], str]


async def until(true: Callable[[], bool]) -> None:
    """For what the server tells nobody: that a request has come so far, or that it has noticed that a client left."""
    async with asyncio.timeout(SECONDS):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def watched(live: Live, job_id: str, watches: int) -> None:
    """Return once so many watch the job."""
    watching = live.stand.services.watchers._watches
    await until(lambda: len(watching.get(job_id, ())) >= watches)


async def events(answer: httpx.Response) -> AsyncIterator[Event]:
    event, data, event_id = "", "", ""
    async for line in answer.aiter_lines():
        name, _, value = line.partition(": ")
        if name == "event":
            event = value
        elif name == "data":
            data = value
        elif name == "id":
            event_id = value
        elif not line and data:
            yield event, json.loads(data), event_id
            event, data, event_id = "", "", ""


async def all_events(live: Live, job_id: str, last_id: str | None = None) -> list[Event]:
    headers = {"Last-Event-ID": last_id} if last_id is not None else {}
    async with (
        live.client() as client,
        client.stream("GET", f"/api/v1/jobs/{job_id}/events", headers=headers) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        return [event async for event in events(answer)]


async def test_a_wait_ends_as_soon_as_the_job_does(live: Live) -> None:
    async with live.client() as client:
        job_id = (await submit(client))["id"]
        run = await live.stand.claim(job_id)
        waits = [asyncio.create_task(client.get(f"/api/v1/jobs/{job_id}?wait=60")) for _ in range(20)]
        await watched(live, job_id, 20)
        await live.stand.progress(run, 0.5)
        await live.stand.succeed(run, {"text": "hello"})
        answers = await asyncio.gather(*waits)
        assert {answer.json()["state"] for answer in answers} == {"succeeded"}
    assert live.stand.services.watchers._watches == {}


async def test_waiting_asks_the_database_nothing_and_holds_no_connection(live: Live) -> None:
    pool = live.stand.services.database.engine.pool
    async with live.client() as client:
        job_id = (await submit(client))["id"]
        run = await live.stand.claim(job_id)
        before = live.transactions.begun
        wait = asyncio.create_task(client.get(f"/api/v1/jobs/{job_id}?wait=15"))
        await watched(live, job_id, 1)
        await until(lambda: pool.checkedout() == 0)
        for fraction in (0.1, 0.2, 0.3):
            await live.stand.progress(run, fraction)
        assert (pool.checkedout(), wait.done()) == (0, False)
        await live.stand.succeed(run, {})
        await wait
        # Four of the worker, which is this process too; a look before the wait, one at the end, and the answer.
        assert live.transactions.begun - before == 4 + 3


async def test_many_who_look_at_once_leave_connections_to_others(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    honest, released = read.find_state, asyncio.Event()

    async def slow(session: AsyncSession, owner_id: UUID, job_id: UUID) -> State:
        found = await honest(session, owner_id, job_id)
        await released.wait()
        return found

    monkeypatch.setattr(read, "find_state", slow)
    many = 3 * live.stand.services.settings.database_pool_size
    async with live.client() as client:
        job_id = (await submit(client))["id"]
        waits = [asyncio.create_task(client.get(f"/api/v1/jobs/{job_id}?wait=0.1")) for _ in range(many)]
        await watched(live, job_id, many)
        assert (await client.get("/api/v1/jobs")).status_code == 200
        released.set()
        assert {answer.status_code for answer in await asyncio.gather(*waits)} == {200}


async def test_a_wait_that_is_over_gives_the_job_as_it_stands(live: Live) -> None:
    async with live.client() as client:
        job_id = (await submit(client))["id"]
        answer = await client.get(f"/api/v1/jobs/{job_id}?wait=0.05")
        assert (answer.status_code, answer.json()["state"]) == (200, "queued")


async def test_waits_survive_a_cut_of_the_listening_connection(live: Live) -> None:
    async with live.client() as client:
        job_id = (await submit(client))["id"]
        run = await live.stand.claim(job_id)
        wait = asyncio.create_task(client.get(f"/api/v1/jobs/{job_id}?wait=15"))
        await watched(live, job_id, 1)
        await cut_listener(live)
        # Told while nobody listens.
        await live.stand.succeed(run, {"text": "hello"})
        assert (await wait).json()["state"] == "succeeded"


async def cut_listener(live: Live) -> None:
    """End the listening connection; on return the process has noticed."""
    connected = live.stand.services.listener.connected
    connection = await asyncpg.connect(live.stand.services.database.url)
    try:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = 'playhead-listener'"
        )
    finally:
        await connection.close()
    async with asyncio.timeout(SECONDS):
        while connected.is_set():  # noqa: ASYNC110 - an event tells of its setting, not of its clearing
            await asyncio.sleep(0.001)


async def test_a_stream_tells_all_and_ends_with_the_job(live: Live) -> None:
    async with live.client() as client:
        job_id = (await submit(client))["id"]
    watch = asyncio.create_task(all_events(live, job_id))
    await watched(live, job_id, 1)
    run = await live.stand.claim(job_id)
    await live.stand.emit(run, {"id": 0, "text": "one"}, {"id": 1, "text": "two"})
    await live.stand.succeed(run, {})
    told = await watch
    lasting = [(event, data.get("state", data.get("text"))) for event, data, _ in told if event != "progress"]
    assert lasting == [
        ("state", "queued"),
        ("state", "running"),
        ("segment", "one"),
        ("segment", "two"),
        ("state", "succeeded"),
    ]
    ids = [int(event_id) for event, _, event_id in told if event != "progress"]
    assert ids == sorted(set(ids))
    assert {event_id for event, _, event_id in told if event == "progress"} <= {""}


async def test_progress_is_told_without_an_id(live: Live) -> None:
    async with live.client() as client:
        job_id = (await submit(client))["id"]
        run = await live.stand.claim(job_id)
        async with client.stream("GET", f"/api/v1/jobs/{job_id}/events") as answer:
            stream = events(answer)
            async for event, _, _ in stream:
                if event == "progress":  # that of the beginning: from here on the stream is at the present
                    break
            await live.stand.progress(run, 0.25)
            event, data, event_id = await anext(stream)
            assert (event, event_id) == ("progress", "")
            assert data == {"progress": 0.25, "stage": "transcribing", "eta_seconds": 1.5}


async def test_a_stream_goes_on_after_the_last_event_seen(live: Live) -> None:
    async with live.client() as client:
        job_id = await live.stand.done(client)
        first = await all_events(live, job_id)
        assert await all_events(live, job_id, first[0][2]) == first[1:]
        headers = {"Last-Event-ID": first[-1][2]}
        answer = await client.get(f"/api/v1/jobs/{job_id}/events", headers=headers)
        assert answer.status_code == 204, "an EventSource would else come again for ever"
        for wrong in ("x", "-1", "1" * 20):
            answer = await client.get(f"/api/v1/jobs/{job_id}/events", headers={"Last-Event-ID": wrong})
            assert (answer.status_code, answer.json()["field"]) == (422, "Last-Event-ID")


async def test_a_stream_goes_past_an_earlier_end_of_a_job_that_was_retried(live: Live) -> None:
    async with live.client() as client:
        job_id = (await submit(client))["id"]
        await live.stand.fail(await live.stand.claim(job_id), MediaUnreadableError("it is a picture"))
        await client.post(f"/api/v1/jobs/{job_id}/retry")
        await live.stand.succeed(await live.stand.claim(job_id), {})
    states = [data["state"] for event, data, _ in await all_events(live, job_id) if event == "state"]
    assert states == ["queued", "running", "failed", "queued", "running", "succeeded"]


async def test_a_long_history_is_told_whole(live: Live) -> None:
    async with live.client() as client:
        job_id = (await submit(client))["id"]
        run = await live.stand.claim(job_id)
        await live.stand.emit(run, *({"id": number} for number in range(1200)))
        await live.stand.succeed(run, {})
    segments = [data["id"] for event, data, _ in await all_events(live, job_id) if event == "segment"]
    assert segments == list(range(1200))


async def test_a_stream_of_a_deleted_job_ends(live: Live) -> None:
    async with live.client() as client:
        job_id = (await submit(client))["id"]
        async with client.stream("GET", f"/api/v1/jobs/{job_id}/events") as answer:
            stream = events(answer)
            assert (await anext(stream))[0] == "state"
            await client.post(f"/api/v1/jobs/{job_id}/cancel")
            await client.delete(f"/api/v1/jobs/{job_id}")
            async for _ in stream:
                pass


async def test_a_quiet_stream_is_kept_open(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.routes.events.KEEP_ALIVE_SECONDS", 0.02)
    async with live.client() as client:
        job_id = (await submit(client))["id"]
        async with client.stream("GET", f"/api/v1/jobs/{job_id}/events") as answer:
            async with asyncio.timeout(SECONDS):
                async for line in answer.aiter_lines():
                    if line.startswith(":"):
                        break
        await until(lambda: not live.stand.services.watchers._watches)


async def test_a_stopping_server_lets_waits_and_streams_go_at_once(settings: Settings) -> None:
    async with serving(settings) as live, live.client() as client:
        job_id = (await submit(client))["id"]
        wait = asyncio.create_task(client.get(f"/api/v1/jobs/{job_id}?wait=60"))
        watch = asyncio.create_task(all_events(live, job_id))
        await watched(live, job_id, 2)
        live.server.should_exit = True
        assert (await wait).json()["state"] == "queued"
        assert [event for event, _, _ in await watch] == ["state"]
