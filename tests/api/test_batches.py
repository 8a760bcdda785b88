from __future__ import annotations

import asyncio
import zipfile
from io import BytesIO
from itertools import pairwise
from typing import Any
from uuid import UUID

import httpx
import pytest

from playhead.errors import MediaUnreadableError
from playhead.identity import new_id
from tests.api.conftest import Stand, client_of, recording

PATH = "/api/v1/batches"


def urls(count: int) -> list[dict[str, str]]:
    return [{"url": f"https://example.com/{place}.mp3"} for place in range(count)]


async def submit(client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await client.post(PATH, json={"kind": "transcribe", "inputs": urls(3), **body})
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def children(client: httpx.AsyncClient, batch_id: str) -> list[dict[str, Any]]:
    page = (await client.get("/api/v1/jobs", params={"parent": batch_id})).json()
    return list(reversed(page["items"]))


async def test_a_job_for_each_input(client: httpx.AsyncClient) -> None:
    upload = (await client.post("/api/v1/files", files={"file": ("a.wav", recording())})).json()["id"]
    inputs = [*urls(1), {"file": upload}]
    batch = await submit(
        client, inputs=inputs, params={"language": "en"}, priority="low", metadata={"course": "7"}, timeout_seconds=90
    )
    assert (batch["state"], batch["progress"], batch["total"], batch["failures"]) == ("queued", 0.0, 2, 0)
    assert (batch["counts"], batch["kind"], batch["jobs"], batch["recipe"]) == ({"queued": 2}, "transcribe", None, None)
    first, second = await children(client, batch["id"])
    assert [first["input"], second["input"]] == inputs
    for job in (first, second):
        assert (job["params"]["language"], job["priority"], job["metadata"]) == ("en", "low", {"course": "7"})
        assert job["timeout_seconds"] == 90
        assert (job["parent_id"], job["trace_id"]) == (batch["id"], batch["trace_id"])
    assert (await client.get(f"{PATH}/{batch['id']}")).json() == batch


async def test_ten_thousand_are_one_request(client: httpx.AsyncClient) -> None:
    batch = await submit(client, inputs=urls(10_000))
    assert (batch["total"], batch["counts"]) == (10_000, {"queued": 10_000})
    over = await client.post(PATH, json={"kind": "transcribe", "inputs": urls(10_001)})
    assert (over.status_code, over.json()["field"]) == (422, "inputs")


async def test_a_graph_by_names(client: httpx.AsyncClient) -> None:
    step = {"kind": "transcribe", "input": urls(1)[0]}
    jobs = {"last": {**step, "after": ["first", "middle"]}, "middle": {**step, "after": ["first"]}, "first": step}
    batch = (await client.post(PATH, json={"jobs": jobs, "metadata": {"a": "b"}})).json()
    assert (batch["state"], batch["counts"], batch["metadata"]) == ("queued", {"queued": 1, "waiting": 2}, {"a": "b"})
    found = {job["id"]: job for job in await children(client, batch["id"])}
    ids = batch["jobs"]
    assert set(ids) == set(jobs)
    assert found[ids["first"]]["state"] == "queued"
    assert set(found[ids["last"]]["after"]) == {ids["first"], ids["middle"]}


async def test_a_graph_may_wait_for_jobs_outside(client: httpx.AsyncClient) -> None:
    outside = (await submit(client, inputs=urls(1)))["id"]
    (needed,) = await children(client, outside)
    jobs = {"one": {"kind": "transcribe", "input": urls(1)[0], "after": [needed["id"]]}}
    batch = (await client.post(PATH, json={"jobs": jobs})).json()
    assert batch["counts"] == {"waiting": 1}


STEP: dict[str, Any] = {"kind": "transcribe", "input": {"url": "https://example.com/a.mp3"}}


@pytest.mark.parametrize(
    ("body", "field", "told"),
    [
        ({}, None, "Give exactly one of"),
        ({"kind": "transcribe", "inputs": []}, "inputs", "at least 1"),
        ({"kind": "transcribe", "inputs": [{"url": "https://a.example"}, {}]}, "inputs.1", "exactly one of"),
        ({"kind": "transcribe", "inputs": urls(1), "params": {"langage": "en"}}, "params.langage", "Extra"),
        ({"kind": "transcribe", "inputs": [*urls(1), {"url": "http://127.0.0.1/"}]}, "inputs.1.url", "127.0.0.1"),
        ({"kind": "transcribe", "inputs": [{"file": str(new_id())}]}, "inputs.0.file", "no such file"),
        ({"kind": "transcribe", "inputs": [{"text": "words"}]}, "inputs.0", "exactly one of"),
        ({"jobs": {}}, "jobs", "at least 1"),
        ({"jobs": {"a": {**STEP, "kind": "no"}}}, "jobs.a", "Give a kind"),
        ({"jobs": {"a": {**STEP, "kind": {}}}}, "jobs.a", "Give a kind"),
        ({"jobs": {"a b": STEP}}, "jobs.a b.[key]", "pattern"),
        ({"jobs": {"ab": STEP, "aB": STEP}}, "jobs", "the names ab and aB differ by case alone"),
        ({"jobs": {"a": {**STEP, "params": {"vad": "no way"}}}}, "jobs.a.params.vad", "boolean"),
        ({"jobs": {"a": {**STEP, "after": ["b"]}}}, "jobs.a.after.0", "no job 'b' in this graph"),
        ({"jobs": {"a": {**STEP, "after": [str(new_id())]}}}, "jobs.a.after", "there is no job"),
        ({"jobs": {"a": {**STEP, "input": {"job": "b", "output": "x"}}}}, "jobs.a.input.job", "no job 'b'"),
        ({"jobs": {"a": {**STEP, "input": {"url": "ftp://a"}}}}, "jobs.a.input.url", "http"),
        (
            {"jobs": {"a": {"kind": "digest", "input": {"all": [*urls(1), {"url": "http://127.0.0.1/"}]}}}},
            "jobs.a.input.all.1.url",
            "127.0.0.1",
        ),
        ({"jobs": {"a": {**STEP, "after": ["b"]}, "b": {**STEP, "after": ["a"]}}}, "jobs.", "in a circle"),
        ({"jobs": {"a": {**STEP, "after": ["a"]}}}, "jobs.a", "in a circle"),
        (
            {"jobs": {"a": STEP, "b": {**STEP, "input": {"job": "a", "output": "transcript.pdf"}}}},
            "jobs.b.input.output",
            "a makes no output 'transcript.pdf', but transcript.json",
        ),
        (
            {"jobs": {"a": STEP, "b": {**STEP, "input": {"job": "a", "output": "transcript.srt"}}}},
            "jobs.b.input.output",
            "transcribe takes media; transcript.srt of a is subtitles",
        ),
    ],
)
async def test_what_cannot_be_is_refused_by_name_and_nothing_is_stored(
    client: httpx.AsyncClient, body: dict[str, Any], field: str | None, told: str
) -> None:
    answer = await client.post(PATH, json=body)
    problem = answer.json()
    assert answer.status_code == 422, problem
    if field:
        assert problem["field"].startswith(field)
    assert told in problem["detail"]
    assert (await client.get("/api/v1/stats")).json()["jobs"] == 0
    assert (await client.get(PATH)).json()["items"] == []


async def test_the_same_key_gives_the_same_batch(client: httpx.AsyncClient) -> None:
    body = {"kind": "transcribe", "inputs": urls(2)}
    headers = {"Idempotency-Key": "one"}
    first = await client.post(PATH, json=body, headers=headers)
    again = await client.post(PATH, json=body, headers=headers)
    other = await client.post(PATH, json={**body, "inputs": urls(3)}, headers=headers)
    assert (first.status_code, again.status_code, first.headers["Location"]) == (
        202,
        202,
        f"{PATH}/{first.json()['id']}",
    )
    assert again.json()["id"] == first.json()["id"]
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")


async def test_the_same_key_at_once_gives_one_batch_and_refuses_another(client: httpx.AsyncClient) -> None:
    bodies = [{"kind": "transcribe", "inputs": urls(count)} for count in (20, 21)] * 4
    headers = {"Idempotency-Key": "one"}
    answers = await asyncio.gather(*(client.post(PATH, json=body, headers=headers) for body in bodies))
    (made,) = (await client.get(PATH)).json()["items"]
    for body, answer in zip(bodies, answers, strict=True):
        same = len(body["inputs"]) == made["total"]
        expected = (202, made["id"]) if same else (422, None)
        assert (answer.status_code, answer.json().get("id")) == expected
    assert (await client.get("/api/v1/stats")).json()["jobs"] == made["total"]


@pytest.mark.parametrize("path", [PATH, "/api/v1/jobs"])
async def test_a_request_is_the_same_in_whatever_order_its_names_are(client: httpx.AsyncClient, path: str) -> None:
    """Many languages' maps give them in another order each time."""
    metadata = {"a": "1", "b": "2"}
    body = {**STEP, "metadata": metadata} if path != PATH else {"jobs": {"a": STEP, "b": STEP}, "metadata": metadata}

    def turned(value: Any) -> Any:
        return {name: turned(inner) for name, inner in reversed(value.items())} if isinstance(value, dict) else value

    headers = {"Idempotency-Key": "one"}
    first, again = [await client.post(path, json=one, headers=headers) for one in (body, turned(body))]
    assert (again.status_code, again.json().get("id")) == (202, first.json()["id"])


async def test_waiting_ends_with_the_last_job(client: httpx.AsyncClient, stand: Stand) -> None:
    batch = await submit(client, inputs=urls(2))
    first, second = await children(client, batch["id"])
    waiting = asyncio.create_task(client.get(f"{PATH}/{batch['id']}", params={"wait": 15}))
    await stand.succeed(await stand.claim(first["id"]), {"text": "hello"})
    await stand.fail(await stand.claim(second["id"]), MediaUnreadableError("noise"))
    found = (await waiting).json()
    assert (found["state"], found["failures"], found["progress"]) == ("succeeded", 1, 1.0)
    assert found["counts"] == {"succeeded": 1, "failed": 1}


async def test_cancel_retry_and_delete_reach_the_jobs(client: httpx.AsyncClient) -> None:
    path = f"{PATH}/{(await submit(client))['id']}"
    assert (await client.delete(path)).status_code == 409
    assert (await client.post(f"{path}/retry")).status_code == 409
    assert (await client.post(f"{path}/cancel")).json()["counts"] == {"canceled": 3}
    assert (await client.post(f"{path}/cancel")).json()["code"] == "state_conflict"
    assert (await client.post(f"{path}/retry")).json()["counts"] == {"queued": 3}
    assert (await client.post(f"{path}/cancel")).json()["state"] == "canceled"
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 404
    assert (await client.get("/api/v1/jobs")).json()["items"] == []


async def test_batches_of_others_do_not_exist(client: httpx.AsyncClient, stand: Stand) -> None:
    batch = await submit(client)
    async with client_of(stand, await stand.key("somebody else")) as other:
        assert (await other.get(f"{PATH}/{batch['id']}")).status_code == 404
        assert (await other.post(f"{PATH}/{batch['id']}/cancel")).status_code == 404
        for job in await children(client, batch["id"]):
            assert (await other.delete(f"/api/v1/jobs/{job['id']}")).status_code == 404
        assert (await other.get(PATH)).json()["items"] == []


async def test_pages_go_from_the_newest_to_the_oldest_and_end(client: httpx.AsyncClient) -> None:
    made = [(await submit(client, inputs=urls(1)))["id"] for _ in range(3)]
    page = (await client.get(PATH, params={"limit": 2})).json()
    rest = (await client.get(PATH, params={"limit": 2, "cursor": page["next_cursor"]})).json()
    assert [item["id"] for item in (*page["items"], *rest["items"])] == made[::-1]
    assert rest["next_cursor"] is None


async def test_ids_are_in_the_order_in_which_the_jobs_wait(client: httpx.AsyncClient) -> None:
    step = {"kind": "transcribe", "input": urls(1)[0]}
    names = [f"step-{place}" for place in range(5)]
    waiting = {name: {**step, "after": [before]} for before, name in pairwise(names)}
    jobs = {**waiting, names[0]: step}
    ids = (await client.post(PATH, json={"jobs": jobs})).json()["jobs"]
    assert sorted(names, key=lambda name: UUID(ids[name])) == names


async def test_what_all_jobs_made_is_one_zip_file(client: httpx.AsyncClient, stand: Stand) -> None:
    batch = await submit(client, inputs=urls(2))
    big = bytes(range(256)) * 40_000
    for job, text in zip(await children(client, batch["id"]), (b"first", big), strict=True):
        made = [
            await stand.store(name, text, kind) for name, kind in (("a.txt", "text/plain"), ("b.mp3", "audio/mpeg"))
        ]
        await stand.succeed(await stand.claim(job["id"]), {"text": ""}, made)
    answer = await client.get(f"{PATH}/{batch['id']}/outputs.zip")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    with zipfile.ZipFile(BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["1/a.txt", "1/b.mp3", "2/a.txt", "2/b.mp3"]
        assert (archive.read("1/a.txt"), archive.read("2/b.mp3")) == (b"first", big)
    some = await client.get(f"{PATH}/{batch['id']}/outputs.zip", params={"name": "a.txt"})
    with zipfile.ZipFile(BytesIO(some.content)) as archive:
        assert archive.namelist() == ["1/a.txt", "2/a.txt"]


async def test_a_job_of_a_batch_goes_with_its_batch_alone(client: httpx.AsyncClient, stand: Stand) -> None:
    """Without it, the batch would tell another state, and the folders of the others would move."""
    batch = await submit(client, inputs=urls(3))
    path = f"{PATH}/{batch['id']}"
    first, *rest = await children(client, batch["id"])
    await stand.fail(await stand.claim(first["id"]), MediaUnreadableError("noise"))
    made = [await stand.store("a.txt", b"text", "text/plain")]
    for job in rest:
        await stand.succeed(await stand.claim(job["id"]), {"text": ""}, made)
    refused = (await client.delete(f"/api/v1/jobs/{first['id']}")).json()
    assert (refused["status"], refused["code"]) == (409, "state_conflict")
    assert f"batch {batch['id']}" in refused["detail"]
    assert (await client.get(path)).json()["counts"] == {"succeeded": 2, "failed": 1}
    answer = await client.get(f"{path}/outputs.zip")
    with zipfile.ZipFile(BytesIO(answer.content)) as archive:
        assert archive.namelist() == ["2/a.txt", "3/a.txt"]
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(f"/api/v1/jobs/{first['id']}")).status_code == 404


async def test_in_the_zip_file_of_a_graph_jobs_have_their_names(client: httpx.AsyncClient, stand: Stand) -> None:
    batch = (await client.post(PATH, json={"jobs": {"one": STEP}})).json()
    assert (await client.get(f"{PATH}/{batch['id']}/outputs.zip")).status_code == 200
    made = [await stand.store("a.txt", b"text", "text/plain")]
    await stand.succeed(await stand.claim(batch["jobs"]["one"]), {"text": ""}, made)
    answer = await client.get(f"{PATH}/{batch['id']}/outputs.zip")
    with zipfile.ZipFile(BytesIO(answer.content)) as archive:
        assert archive.namelist() == ["one/a.txt"]
    assert (await client.get(f"{PATH}/{new_id()}/outputs.zip")).status_code == 404
