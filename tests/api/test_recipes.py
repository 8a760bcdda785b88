from __future__ import annotations

from typing import Any

import httpx
import pytest

from playhead.identity import new_id
from playhead.recipes import recipes

PATH = "/api/v1/batches"
URL = {"url": "https://example.com/talk.mp3"}


async def test_every_recipe_is_told(client: httpx.AsyncClient) -> None:
    items = (await client.get("/api/v1/recipes")).json()["items"]
    assert [item["name"] for item in items] == list(recipes()) == ["podcast", "subtitles"]
    (subtitles,) = [item for item in items if item["name"] == "subtitles"]
    assert subtitles["params"]["required"] == ["languages"]
    assert "fix_srt" in {job["kind"] for job in subtitles["jobs"].values()}


async def test_subtitles_are_translated_into_each_language_once(client: httpx.AsyncClient) -> None:
    params = {"languages": ["fr", "pt-BR", "fr"], "language": "en", "glossary": ["Norland"]}
    body = {"recipe": "subtitles", "input": URL, "params": params, "priority": "high", "metadata": {"show": "7"}}
    answer = await client.post(PATH, json={**body, "timeout_seconds": 600})
    batch = answer.json()
    assert answer.status_code == 202, batch
    assert set(batch["jobs"]) == {"transcribe", "fix", "translate-fr", "translate-pt-BR"}
    assert (batch["recipe"], batch["counts"]) == ("subtitles", {"queued": 1, "waiting": 3})
    jobs = {name: (await client.get(f"/api/v1/jobs/{job_id}")).json() for name, job_id in batch["jobs"].items()}
    assert jobs["translate-pt-BR"]["params"]["language"] == "pt-BR"
    assert jobs["translate-pt-BR"]["params"]["source"] == "en"
    assert jobs["translate-pt-BR"]["input"] == {"job": batch["jobs"]["fix"], "output": "subtitles.srt"}
    assert jobs["fix"]["params"]["glossary"] == ["Norland"]
    assert {(job["priority"], job["metadata"]["show"]) for job in jobs.values()} == {("high", "7")}
    assert {job["timeout_seconds"] for job in jobs.values()} == {600}


@pytest.mark.parametrize(
    ("body", "field", "told"),
    [
        ({"recipe": "soup", "input": URL}, "recipe", "podcast"),
        ({"recipe": "subtitles", "input": URL}, "params", "required"),
        ({"recipe": "subtitles", "input": URL, "params": {"languages": []}}, "params.languages", "at least 1"),
        ({"recipe": "subtitles", "input": URL, "params": {"languages": ["xx"]}}, "params", "no language 'xx'"),
        ({"recipe": "podcast", "input": {"text": "words"}}, "input", "exactly one of"),
        ({"recipe": "podcast", "input": {"url": "http://10.0.0.1/"}}, "input.url", "10.0.0.1"),
        ({"recipe": "podcast", "input": URL, "params": {"salt": "x"}}, "params.salt", "Extra"),
    ],
)
async def test_what_a_recipe_cannot_take_is_told(
    client: httpx.AsyncClient, body: dict[str, Any], field: str, told: str
) -> None:
    answer = await client.post(PATH, json=body)
    problem = answer.json()
    assert (answer.status_code, problem["field"]) == (422, field), problem
    assert told in problem["detail"]
    assert (await client.get(PATH)).json()["items"] == []


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"file": str(new_id())}, "input.file"),
        ({"job": str(new_id()), "output": "a.mp3"}, "input.job"),
    ],
)
async def test_what_is_wrong_with_the_input_is_named_where_the_request_has_it(
    client: httpx.AsyncClient, given: dict[str, str], field: str
) -> None:
    refused = await client.post("/api/v1/batches", json={"recipe": "podcast", "input": given})
    assert (refused.status_code, refused.json()["field"]) == (422, field)
