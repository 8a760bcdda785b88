"""What the settings forbid is refused before it is stored: to whom mail may go, and where webhooks may lead."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from playhead.settings import Settings

PAGE = (Path(__file__).parents[2] / "docs" / "kinds" / "deliver.md").read_text()
PRIVATE = {"webhook": {"url": "http://169.254.169.254/latest"}}
TO_BOB = {"mail": {"to": ["bob@example.org"]}}
HI = {"text": "Hi"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    settings.mail.allowed_recipients = ["*@example.com"]
    return settings


def job(params: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "deliver", "input": HI, "params": params}


@pytest.mark.parametrize(
    ("path", "body", "code", "field"),
    [
        ("jobs", job(PRIVATE), "url_forbidden", "params.webhook.url"),
        ("jobs", job({"webhook": {"url": "ftp://example.com"}}), "invalid", "params.webhook.url"),
        ("jobs", job(TO_BOB), "recipient_forbidden", "params.mail.to"),
        ("jobs", job({"mail": {"to": ["ann@example.com", "bob"]}}), "invalid", "params.mail.to.1"),
        ("jobs", job({}), "invalid", "params"),
        ("batches", {"jobs": {"a": job(TO_BOB)}}, "recipient_forbidden", "jobs.a.params.mail.to"),
        ("batches", {"kind": "deliver", "inputs": [HI], "params": TO_BOB}, "recipient_forbidden", "params.mail.to"),
    ],
)
async def test_it_is_refused_with_its_field_and_nothing_is_stored(
    client: httpx.AsyncClient, path: str, body: dict[str, Any], code: str, field: str
) -> None:
    answer = await client.post(f"/api/v1/{path}", json=body)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, code, field)
    assert (await client.get("/api/v1/jobs")).json()["items"] == []


async def test_the_requests_of_the_page_are_taken(client: httpx.AsyncClient) -> None:
    (request,) = re.findall(r"^Content-Type: application/json\n\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    graph = next(
        block for block in re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL) if "jobs" in block
    )
    assert (await client.post("/api/v1/jobs", json=json.loads(request))).status_code == 202
    assert (await client.post("/api/v1/batches", json=json.loads(graph))).status_code == 202
