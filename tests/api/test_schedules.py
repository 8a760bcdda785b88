from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx

    from tests.api.conftest import Stand

PATH = "/api/v1/schedules"
REQUEST: dict[str, Any] = {"kind": "transcribe", "input": {"url": "https://example.com/talk.mp3"}}
NIGHTLY: dict[str, Any] = {"name": "Nightly", "cron": "0 2 * * *", "timezone": "Europe/Berlin", "request": REQUEST}


async def made(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await client.post(PATH, json={**NIGHTLY, **changes})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"{PATH}/{answer.json()['id']}"
    return dict(answer.json())


async def test_a_schedule_is_kept_and_its_next_run_shown(client: httpx.AsyncClient) -> None:
    told = await made(client)
    assert {name: told[name] for name in NIGHTLY} == NIGHTLY
    assert datetime.fromisoformat(told["next_at"]).strftime("%M:%S") == "00:00"
    assert (await client.get(f"{PATH}/{told['id']}")).json() == told
    assert (await client.get(PATH)).json() == {"items": [{**told, "request": None}], "next_cursor": None}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"cron": "every night"}, "cron"),
        ({"cron": "0 0 30 2 *"}, "cron"),
        ({"cron": "\0"}, "cron"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"request": None}, "request"),
        ({"request": {}}, "request"),
        ({"request": {**REQUEST, "kind": "dance"}}, "request"),
        ({"request": {**REQUEST, "params": {"language": 7}}}, "request.params.language"),
        ({"request": {**REQUEST, "params": {"prompt": "\0"}}}, "request.params.prompt"),
        ({"request": {**REQUEST, "input": {"url": "http://127.0.0.1/"}}}, "request.input.url"),
        ({"request": {**REQUEST, "input": {"file": "01a22445-0000-7000-8000-000000000000"}}}, "request.input.file"),
        ({"request": {**REQUEST, "run_at": "2030-01-01T00:00:00Z"}}, "request.run_at"),
        ({"request": {"kind": "transcribe", "inputs": []}}, "request.inputs"),
        ({"request": {"recipe": "subtitles", "input": REQUEST["input"]}}, "request.params"),
        ({"request": {"jobs": {"a": {**REQUEST, "after": ["b"]}}}}, "request.jobs.a.after.0"),
        ({"name": ""}, "name"),
        ({"whatever": 1}, "whatever"),
    ],
)
async def test_what_could_not_run_is_refused_and_not_kept(
    change: dict[str, Any], field: str, client: httpx.AsyncClient
) -> None:
    answer = await client.post(PATH, json={**NIGHTLY, **change})
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text
    assert (await client.get(PATH)).json()["items"] == []
    assert (await client.get("/api/v1/jobs")).json()["items"] == []


@pytest.mark.parametrize(
    ("request_", "made_by"),
    [
        (REQUEST, "job_id"),
        ({"kind": "transcribe", "inputs": [REQUEST["input"]] * 3}, "batch_id"),
        ({"jobs": {"a": REQUEST, "b": {**REQUEST, "after": ["a"]}}}, "batch_id"),
    ],
    ids=["a job", "a batch", "a graph"],
)
async def test_a_run_may_be_asked_for_now(request_: dict[str, Any], made_by: str, client: httpx.AsyncClient) -> None:
    told = await made(client, request=request_)
    answer = await client.post(f"{PATH}/{told['id']}/run")
    assert answer.status_code == 202
    run = answer.json()
    assert run["due_at"] is None
    path = "jobs" if made_by == "job_id" else "batches"
    assert (await client.get(f"/api/v1/{path}/{run[made_by]}")).status_code == 200
    assert (await client.get(f"{PATH}/{told['id']}/runs")).json()["items"] == [run]
    assert (await client.get(f"{PATH}/{told['id']}")).json()["next_at"] == told["next_at"]


async def test_a_run_that_is_refused_says_why(client: httpx.AsyncClient) -> None:
    file_id = (await client.post("/api/v1/files", files={"file": ("talk.wav", b"RIFF")})).json()["id"]
    told = await made(client, request={**REQUEST, "input": {"file": file_id}})
    await client.delete(f"/api/v1/files/{file_id}")
    run = (await client.post(f"{PATH}/{told['id']}/run")).json()
    assert (run["job_id"], run["batch_id"]) == (None, None)
    assert (run["error"]["code"], run["error"]["field"]) == ("invalid", "input.file")


async def test_a_paused_one_has_no_next_run(client: httpx.AsyncClient) -> None:
    told = await made(client)
    paused = (await client.post(f"{PATH}/{told['id']}/pause")).json()
    assert paused["next_at"] is None
    assert paused["paused_at"] is not None
    assert (await client.post(f"{PATH}/{told['id']}/pause")).json() == paused
    assert (await client.post(f"{PATH}/{told['id']}/resume")).json() == told
    assert (await client.post(f"{PATH}/{told['id']}/resume")).json() == told
    assert (await made(client, paused=True))["next_at"] is None


async def test_a_change_moves_the_next_run(client: httpx.AsyncClient) -> None:
    told = await made(client)
    path = f"{PATH}/{told['id']}"
    changed = (await client.patch(path, json={"cron": "30 2 * * *"})).json()
    assert changed["next_at"] != told["next_at"]
    assert (await client.patch(path, json={"cron": "0 2 * * *"})).json() == told
    other = {**REQUEST, "params": {"language": "de"}}
    assert (await client.patch(path, json={"request": other, "name": None})).json()["request"] == other
    assert (await client.patch(path, json={})).json() == {**told, "request": other, "name": None}
    await client.post(f"{path}/pause")
    assert (await client.patch(path, json={"cron": "1 1 * * *"})).json()["next_at"] is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"cron": ""}, "cron"),
        ({"cron": None}, "cron"),
        ({"timezone": "x"}, "timezone"),
        ({"request": {**REQUEST, "input": {"url": "http://10.0.0.1/"}}}, "request.input.url"),
        ({"request": None}, "request"),
        ({"paused": True}, "paused"),
    ],
)
async def test_a_change_that_cannot_be_changes_nothing(
    change: dict[str, Any], field: str, client: httpx.AsyncClient
) -> None:
    told = await made(client)
    answer = await client.patch(f"{PATH}/{told['id']}", json={"name": "Other", **change})
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text
    assert (await client.get(f"{PATH}/{told['id']}")).json() == told


async def test_a_batch_as_large_as_any_may_be_scheduled(client: httpx.AsyncClient) -> None:
    inputs = [{"url": f"https://example.com/{'talk' * 25}/{number}.mp3"} for number in range(10_000)]
    told = await made(client, request={"kind": "transcribe", "inputs": inputs[:1]})
    larger = {"request": {"kind": "transcribe", "inputs": inputs}}
    answer = await client.patch(f"{PATH}/{told['id']}", json=larger)
    assert (answer.status_code, answer.json()["request"]) == (200, larger["request"])
    answer = await client.post(PATH, json={**NIGHTLY, "request": {"kind": "transcribe", "inputs": inputs * 2}})
    assert (answer.status_code, answer.json()["field"]) == (422, "request.inputs")


async def test_a_schedule_is_forgotten_and_its_jobs_are_not(client: httpx.AsyncClient) -> None:
    told = await made(client)
    run = (await client.post(f"{PATH}/{told['id']}/run")).json()
    assert (await client.delete(f"{PATH}/{told['id']}")).status_code == 204
    assert (await client.get(f"{PATH}/{told['id']}")).status_code == 404
    assert (await client.get(f"/api/v1/jobs/{run['job_id']}")).status_code == 200


async def test_a_request_that_is_repeated_with_its_key_is_done_once(client: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "nightly"}
    first, again = [(await client.post(PATH, json=NIGHTLY, headers=headers)).json() for _ in range(2)]
    assert first == again
    assert len((await client.get(PATH)).json()["items"]) == 1
    other = await client.post(PATH, json={**NIGHTLY, "cron": "0 3 * * *"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    run = f"{PATH}/{first['id']}/run"
    made, known = [(await client.post(run, headers=headers)).json() for _ in range(2)]
    assert made == known
    assert (await client.post(run)).json() != made
    assert len((await client.get("/api/v1/jobs")).json()["items"]) == 2


async def test_requests_with_one_key_at_the_same_time_make_one(client: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "nightly"}
    answers = await asyncio.gather(*(client.post(PATH, json=NIGHTLY, headers=headers) for _ in range(8)))
    assert [answer.status_code for answer in answers] == [201] * 8
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_pages_go_from_the_newest_to_the_oldest(client: httpx.AsyncClient) -> None:
    ids = [(await made(client))["id"] for _ in range(3)]
    first = (await client.get(PATH, params={"limit": 2})).json()
    second = (await client.get(PATH, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [item["id"] for item in first["items"] + second["items"]] == ids[::-1]
    assert second["next_cursor"] is None
    runs = [(await client.post(f"{PATH}/{ids[0]}/run")).json()["id"] for _ in range(3)]
    page = (await client.get(f"{PATH}/{ids[0]}/runs", params={"limit": 2})).json()
    rest = (await client.get(f"{PATH}/{ids[0]}/runs", params={"cursor": page["next_cursor"]})).json()
    assert [item["id"] for item in page["items"] + rest["items"]] == runs[::-1]


@pytest.mark.parametrize(
    ("method", "rest"),
    [("GET", ""), ("GET", "/runs"), ("PATCH", ""), ("POST", "/run"), ("POST", "/pause"), ("POST", "/resume")],
)
async def test_those_of_others_do_not_exist(method: str, rest: str, client: httpx.AsyncClient, stand: Stand) -> None:
    told = await made(client)
    other = {"Authorization": f"Bearer {await stand.key('other')}"}
    path = f"{PATH}/{told['id']}{rest}"
    answer = await client.request(method, path, headers=other, json={} if method == "PATCH" else None)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await client.get(PATH, headers=other)).json()["items"] == []


async def test_the_systems_own_are_shown_beside_them(client: httpx.AsyncClient) -> None:
    items = (await client.get(f"{PATH}/system")).json()["items"]
    rescue = next(item for item in items if item["name"] == "rescue")
    assert (rescue["cron"], rescue["last_at"]) == ("* * * * * *", None)
    assert rescue["next_at"] is not None


async def test_the_systems_own_cannot_be_changed(client: httpx.AsyncClient) -> None:
    for method in ("PATCH", "DELETE", "POST"):
        answer = await client.request(method, f"{PATH}/system")
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")
