"""The attempts that a request allows, in each way of asking for jobs: they reach the jobs and are kept to."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from playhead.errors import WriterUnavailableError
from playhead.ledger import settle, sweep
from playhead.ledger.settle import Cost
from playhead.settings import RetrySettings
from playhead.states import State
from tests.api.conftest import Stand

AT_ONCE = RetrySettings(base_seconds=0.000001)
AWAY = WriterUnavailableError("away")
URL = {"url": "https://example.com/talk.mp3"}
JOB: dict[str, Any] = {"kind": "transcribe", "input": URL}


async def fail(stand: Stand, job_id: str) -> State:
    """One attempt that comes to nothing; the next may begin at once."""
    run = await stand.claim(job_id)
    async with stand.services.transaction() as session:
        state = await settle.fail(session, run, AWAY, Cost(), AT_ONCE)
    async with stand.services.transaction() as session:
        await sweep.queue_due(session)
    return state


async def jobs(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    items = (await client.get("/api/v1/jobs")).json()["items"]
    return sorted(items, key=lambda job: str(job["id"]))


@pytest.mark.parametrize(
    ("path", "body", "allowed"),
    [
        ("jobs", {**JOB, "max_attempts": 2}, [2]),
        ("jobs", JOB, [3]),
        ("batches", {"kind": "transcribe", "inputs": [URL, URL], "max_attempts": 4}, [4, 4]),
        (
            "batches",
            {"jobs": {"a": {**JOB, "max_attempts": 1}, "b": {**JOB, "max_attempts": 5, "after": ["a"]}}},
            [1, 5],
        ),
        ("batches", {"recipe": "podcast", "input": URL, "max_attempts": 2}, [2, 2, 2]),
        ("bulk", {**JOB, "max_attempts": 2}, [2]),
    ],
    ids=["job", "by default", "batch", "graph", "recipe", "corpus"],
)
async def test_a_job_is_tried_as_often_as_was_asked(
    client: httpx.AsyncClient, stand: Stand, path: str, body: dict[str, Any], allowed: list[int]
) -> None:
    (await client.post(f"/api/v1/{path}", json=body)).raise_for_status()
    first, *others = await jobs(client)
    assert [job["max_attempts"] for job in (first, *others)] == allowed
    ends = [await fail(stand, first["id"]) for _ in range(allowed[0])]
    assert ends == [*[State.WAITING] * (allowed[0] - 1), State.FAILED]
    (dead, *_) = await jobs(client)
    assert (dead["state"], dead["attempt"], dead["error"]["attempt"]) == ("failed", allowed[0], allowed[0])
    assert dead["error"]["code"] == AWAY.code
