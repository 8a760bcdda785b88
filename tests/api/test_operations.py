from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import httpx
import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError
from sqlalchemy import text

from api.app import create_app
from api.errors import of_validation
from playhead import registry
from playhead.asking.job import request_model
from playhead.errors import MediaUnreadableError
from playhead.kind import Kind
from playhead.ledger import workers
from playhead.settings import Settings, WakeSettings
from tests.api.conftest import SECONDS, Stand, client_of, standing, submit

PUBLISHED = """\
# HELP playhead_runs_total Runs by how they ended
# TYPE playhead_runs_total counter
playhead_runs_total{kind="transcribe",outcome="succeeded"} 7.0
# HELP process_open_fds Number of open file descriptors.
# TYPE process_open_fds gauge
process_open_fds 11.0
"""


async def test_kinds_come_with_their_schemas(client: httpx.AsyncClient) -> None:
    (kind,) = [kind for kind in (await client.get("/api/v1/kinds")).json()["items"] if kind["name"] == "transcribe"]
    assert kind["queue"] == "gpu"
    assert "language" in kind["params"]["properties"]
    assert "segments" in kind["result"]["properties"]


async def test_queues_tell_depth_age_and_who_serves_them(client: httpx.AsyncClient, stand: Stand) -> None:
    first = await submit(client)
    await submit(client)
    await stand.claim(first["id"])
    queues = {queue["name"]: queue for queue in (await client.get("/api/v1/queues")).json()["items"]}
    assert list(queues) == ["gpu", "llm", "cpu", "io"]
    gpu = queues["gpu"]
    assert (gpu["depth"], gpu["running"], gpu["workers"], gpu["paused_at"]) == (1, 1, 1, None)
    assert gpu["oldest_age_seconds"] > 0
    idle = {"depth": 0, "running": 0, "workers": 0, "oldest_age_seconds": 0}
    assert queues["io"] == {**gpu, "name": "io", "device": "cpu", **idle}
    assert (gpu["device"], gpu["wake"]) == ("gpu", None)


async def test_queues_count_the_work_of_gpus_and_of_cpus(client: httpx.AsyncClient, stand: Stand) -> None:
    first = await submit(client)
    await submit(client)
    await stand.claim(first["id"])
    await submit(client, kind="speak", input={"text": "words"})
    await submit(client, kind="summarize", input={"text": "words"})
    assert (await client.get("/api/v1/queues")).json()["devices"] == [
        {"device": "gpu", "depth": 1, "running": 1},
        {"device": "cpu", "depth": 2, "running": 0},
    ]


async def test_queues_and_metrics_tell_how_workers_are_woken(settings: Settings) -> None:
    waking = settings.model_copy(update={"wake": WakeSettings(command="exit 3", queues=["gpu"], retry_seconds=600)})
    waking.worker.heartbeat_seconds, waking.worker.lost_after_seconds = 0.05, 1
    async with standing(waking) as stand, client_of(stand) as client:
        async with stand.services.transaction() as session:
            await workers.leave(session, stand.worker_id)
        assert (await submit(client))["state"] == "queued"
        async with asyncio.timeout(SECONDS):
            while not (gpu := await _wake(client, "gpu")) or not gpu["error"]:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
        assert gpu == {"pending": False, "called_at": gpu["called_at"], "error": "the command ended with status 3"}
        assert await _wake(client, "cpu") is None
        lines = (await client.get("/metrics")).text.splitlines()
    for line in ("wake_calls_total", "wake_failures_total", "wake_failing"):
        assert f'playhead_{line}{{queue="gpu"}} 1.0' in lines


async def _wake(client: httpx.AsyncClient, name: str) -> Any:
    queues = (await client.get("/api/v1/queues")).json()["items"]
    return next(queue["wake"] for queue in queues if queue["name"] == name)


async def test_a_paused_queue_starts_nothing(client: httpx.AsyncClient) -> None:
    paused = (await client.post("/api/v1/queues/gpu/pause")).json()
    assert paused["paused_at"] is not None
    assert (await client.post("/api/v1/queues/gpu/pause")).json()["paused_at"] == paused["paused_at"]
    assert (await client.post("/api/v1/queues/gpu/resume")).json()["paused_at"] is None
    answer = await client.post("/api/v1/queues/tape/pause")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_workers_are_listed_while_they_live(client: httpx.AsyncClient, stand: Stand) -> None:
    (worker,) = (await client.get("/api/v1/workers")).json()["items"]
    assert (worker["name"], worker["device"], worker["queues"]) == ("bench", "none", ["gpu"])
    async with stand.services.transaction() as session:
        await workers.leave(session, stand.worker_id)
    assert (await client.get("/api/v1/workers")).json()["items"] == []


async def test_stats_are_the_owners_and_for_an_admin_everyones(client: httpx.AsyncClient, stand: Stand) -> None:
    await stand.done(client)
    async with client_of(stand, await stand.key("alice")) as alice:
        await submit(alice)
        theirs = (await alice.get("/api/v1/stats")).json()
    everyones = (await client.get("/api/v1/stats")).json()
    assert (theirs["jobs"], theirs["gpu_seconds"]) == (1, 0)
    assert (everyones["jobs"], everyones["gpu_seconds"], everyones["audio_seconds"]) == (2, 1.5, 10)
    assert {(count["kind"], count["state"], count["jobs"]) for count in everyones["counts"]} == {
        ("transcribe", "queued", 1),
        ("transcribe", "succeeded", 1),
    }


async def test_stats_count_each_kind_by_its_states(client: httpx.AsyncClient, stand: Stand) -> None:
    texts = {"input": {"text": "words"}}
    for _ in range(2):
        await submit(client, kind="speak", **texts)
    canceled = await submit(client, kind="speak", **texts)
    await client.post(f"/api/v1/jobs/{canceled['id']}/cancel")
    await submit(client, kind="summarize", **texts)
    await stand.done(client)
    await stand.fail(await stand.claim((await submit(client))["id"]), MediaUnreadableError("broken"))
    stats = (await client.get("/api/v1/stats")).json()
    assert stats["jobs"] == 6
    counts = [(count["kind"], count["state"], count["jobs"]) for count in stats["counts"]]
    assert sorted(counts) == [
        ("speak", "canceled", 1),
        ("speak", "queued", 2),
        ("summarize", "queued", 1),
        ("transcribe", "failed", 1),
        ("transcribe", "succeeded", 1),
    ]


async def test_metrics_tell_of_queues_jobs_requests_and_workers(client: httpx.AsyncClient, stand: Stand) -> None:
    await submit(client)
    async with stand.services.transaction() as session:
        await workers.beat(session, stand.worker_id, PUBLISHED)
    answer = await client.get("/metrics")
    lines = answer.text.splitlines()
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert 'playhead_queue_depth{queue="gpu"} 1.0' in lines
    assert 'playhead_jobs{kind="transcribe",state="queued"} 1.0' in lines
    assert 'playhead_runs_total{kind="transcribe",outcome="succeeded",worker="bench"} 7.0' in lines
    assert 'process_open_fds{worker="bench"} 11.0' in lines
    assert 'playhead_http_request_seconds_count{method="POST",route="/api/v1/jobs",status="202"} 1.0' in lines
    assert "playhead_database_up 1.0" in lines
    named = [line for line in lines if line.startswith("# TYPE ")]
    assert len(named) == len(set(named)), "a family may be told only once"


async def test_unreadable_metrics_of_one_worker_hide_no_others(client: httpx.AsyncClient, stand: Stand) -> None:
    async with stand.services.transaction() as session:
        await workers.beat(session, stand.worker_id, "playhead_runs_total{kind=} much\n")
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert "playhead_workers 1.0" in answer.text


async def test_paths_that_clients_make_up_are_counted_as_one(client: httpx.AsyncClient) -> None:
    for number in range(3):
        await client.get(f"/{number}")
        await client.request(f"MADEUP{number}", "/api/v1/jobs")
    counts = [line for line in (await client.get("/metrics")).text.splitlines() if "_seconds_count{" in line]
    assert 'playhead_http_request_seconds_count{method="GET",route="unmatched",status="404"} 3.0' in counts
    assert 'playhead_http_request_seconds_count{method="other",route="/api/v1/jobs",status="405"} 3.0' in counts


async def test_ready_means_that_the_schema_is_this_versions(client: httpx.AsyncClient, stand: Stand) -> None:
    assert (await client.get("/readyz")).json() == {"status": "ok"}
    async with stand.services.transaction() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert "playhead migrate" in answer.json()["detail"]
    assert int(answer.headers["Retry-After"]) > 0


async def test_an_empty_database_is_not_ready_and_says_why(settings: Settings, empty_database_url: str) -> None:
    empty = settings.model_copy(update={"database_url": empty_database_url})
    app = create_app(empty)
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://t") as client:
        answers = [
            await client.get("/readyz"),
            await client.get("/api/v1/jobs", headers={"Authorization": "Bearer x"}),
        ]
    assert [answer.status_code for answer in answers] == [503, 503]
    assert all("playhead migrate" in answer.json()["detail"] for answer in answers)


async def test_the_root_leads_to_something_to_read(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")
    assert (answer.status_code, answer.headers["Location"]) == (307, "/docs")


async def test_the_document_names_every_kind(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    body = document["paths"]["/api/v1/jobs"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(body["discriminator"]["mapping"]) == set(registry.kinds())
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            told = f"{method} {path}"
            assert operation["summary"], told
            assert operation["description"], told
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    assert list(answer["content"]) == ["application/problem+json"], told


async def test_no_field_of_a_body_is_called_as_a_kind(client: httpx.AsyncClient) -> None:
    """Of an error's place, the name of a kind is taken for the branch of the body that it is in."""
    document = (await client.get("/openapi.json")).json()
    bodies = re.findall(r'"requestBody": .*?"\$ref": "#/components/schemas/(\w+)"', json.dumps(document["paths"]))
    fields = {field for name in bodies for field in document["components"]["schemas"][name].get("properties", {})}
    assert {"notify", "cron"} <= fields
    assert not fields & set(registry.kinds())


async def test_many_kinds_are_told_apart_by_their_name() -> None:
    class Params(BaseModel):
        needed: int

    async def run(*_: object) -> Params:
        return Params(needed=1)

    other = Kind(name="other", queue="cpu", summary="Another.", params=Params, result=Params, run=run)
    adapter: TypeAdapter[object] = TypeAdapter(request_model([*registry.kinds().values(), other]))
    assert set(adapter.json_schema()["discriminator"]["mapping"]) >= {"transcribe", "other"}
    body = {"kind": "transcribe", "input": {"url": "https://example.com"}, "params": {"langage": "en"}}
    with pytest.raises(ValidationError) as caught:
        adapter.validate_python(body)
    errors = [{**item, "loc": ("body", *item["loc"])} for item in caught.value.errors()]
    assert of_validation(errors).field == "params.langage"


async def test_with_the_database_away_the_process_lives_and_says_so(settings: Settings) -> None:
    async with standing(settings) as stand:
        away = settings.model_copy(update={"database_url": "postgresql://nobody@127.0.0.1:1/none"})
        app = create_app(away)
        transport = httpx.ASGITransport(app)
        async with app.router.lifespan_context(app):
            headers = {"Authorization": "Bearer ph_some"}
            async with httpx.AsyncClient(transport=transport, base_url="http://t", headers=headers) as client:
                assert (await client.get("/healthz")).status_code == 200
                for path in ("/readyz", "/api/v1/jobs", "/api/v1/queues"):
                    answer = await client.get(path)
                    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), path
                    assert int(answer.headers["Retry-After"]) > 0
                assert "playhead_database_up 0.0" in (await client.get("/metrics")).text
        assert stand.services.listener.connected.is_set()
