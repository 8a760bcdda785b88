"""docs/batches.md, done as it says: its requests are sent, and the answers are those that it shows."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx

from tests.api.conftest import recording, submit
from tests.api.pages import ID, lasting, read, shown

PAGE = read("batches.md")
BATCHES = "/api/v1/batches"


async def upload(client: httpx.AsyncClient, seconds: float) -> str:
    answer = await client.post("/api/v1/files", files={"file": ("a.wav", recording(seconds))})
    return str(answer.json()["id"])


async def with_files(client: httpx.AsyncClient, request: str) -> dict[str, Any]:
    """The request, with files that are there in place of those of the page."""
    for number, there in enumerate(dict.fromkeys(re.findall(ID, request)), start=1):
        request = request.replace(there, await upload(client, number / 10))
    asked: dict[str, Any] = json.loads(request)
    return asked


async def test_a_job_for_each_input_and_a_graph(client: httpx.AsyncClient) -> None:
    (alike,) = re.findall(r"<<'JSON'\n(.*?)^JSON$", PAGE, re.MULTILINE | re.DOTALL)
    graph, _ = shown(PAGE, "request")
    for request, answer in zip([alike, json.dumps(graph)], shown(PAGE, "answer"), strict=True):
        made = await client.post(BATCHES, json=await with_files(client, request))
        assert (made.status_code, lasting(made.json())) == (202, lasting(answer))


async def test_a_graph_that_cannot_be(client: httpx.AsyncClient) -> None:
    (problem,) = shown(PAGE, "problem")
    asked = await with_files(client, json.dumps(shown(PAGE, "request")[0]))
    asked["jobs"]["summary"]["input"] = {"job": "hear", "output": "transcript.pdf"}
    assert lasting((await client.post(BATCHES, json=asked)).json()) == lasting(problem)


async def test_a_recipe(client: httpx.AsyncClient) -> None:
    made = (await client.post(BATCHES, json=shown(PAGE, "request")[1])).json()
    (names,) = re.findall(r"^answers with a batch whose jobs are (.*)$", PAGE, re.MULTILINE)
    assert set(made["jobs"]) == set(re.findall(r"`(.*?)`", names))


async def test_a_corpus(client: httpx.AsyncClient) -> None:
    there, another = await upload(client, 0.1), await upload(client, 0.2)
    files = [there, another, there, "01a204a3-65f0-7d31-8c7a-3f0f6f3f2b11"]
    lines = [json.dumps({"kind": "transcribe", "input": {"file": file}}) for file in files]
    assert [(await client.post("/api/v1/bulk", content="\n".join(lines))).json()] == shown(PAGE, "report")


async def test_a_job_is_left_out(client: httpx.AsyncClient) -> None:
    ((path, body),) = re.findall(r"`POST (\S+/skip) (\{.*?\})`", PAGE)
    skipped = await client.post(path.format(id=(await submit(client))["id"]), json=json.loads(body))
    assert (skipped.json()["state"], skipped.json()["error"]["message"]) == ("skipped", json.loads(body)["reason"])
