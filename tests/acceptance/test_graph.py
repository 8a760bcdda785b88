"""A graph of four kinds whose worker is killed inside of every step, and between every two of them.

No other worker takes what the killed one took, so that each kill is where it is said to be. Whatever is done twice
shows beside the same graph that nobody disturbed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest

from playhead.states import State
from tests.acceptance.processes import api, worker
from tests.acceptance.witness import code, given

if TYPE_CHECKING:
    from tests.worker.conftest import House

pytestmark = pytest.mark.heavy

GRAPH: dict[str, Any] = {
    "hear": {"kind": "transcribe"},
    "fix": {"kind": "fix_srt", "input": {"job": "hear", "output": "transcript.srt"}},
    "summarize": {"kind": "summarize", "input": {"job": "fix", "output": "subtitles.srt"}},
    "digest": {
        "kind": "digest",
        "input": {"all": [{"job": "summarize", "output": "summary.json"}, {"job": "hear", "output": "transcript.txt"}]},
    },
}
EFFECTS = {"hear": "segment", "fix": "window", "summarize": "notes", "digest": "notes"}
"""What each step tells its watchers of a part of its work that is done and stored."""
PARTS = {"STUB__SEGMENTS": "150", "LLM__CONTEXT_TOKENS": "2048"}
"""So that each step has more parts than it may do before it is killed."""
DONE = 2
"""Parts."""

Story = list[tuple[str, str]]
"""What the watchers of a job are told, from its beginning to its end: names and data of the events."""


async def submit(http: httpx.AsyncClient) -> dict[str, UUID]:
    file = await http.post("/api/v1/files", files={"file": ("talk.wav", b"RIFF....WAVEfmt any sound")})
    jobs = GRAPH | {"hear": {"kind": "transcribe", "input": {"file": file.raise_for_status().json()["id"]}}}
    batch = (await http.post("/api/v1/batches", json={"jobs": jobs})).raise_for_status().json()
    return {name: UUID(batch["jobs"][name]) for name in GRAPH}


async def told(http: httpx.AsyncClient, job_id: UUID) -> AsyncIterator[tuple[str, str]]:
    """Watch a job to its end."""
    async with http.stream("GET", f"/api/v1/jobs/{job_id}/events") as stream:
        name = ""
        async for line in stream.aiter_lines():
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                yield name, value


async def until_stored(http: httpx.AsyncClient, job_id: UUID, effect: str) -> None:
    """Watch a job until so many parts of it are done."""
    seen = 0
    async for name, _ in told(http, job_id):
        seen += name == effect
        if seen == DONE:
            return
    pytest.fail(f"{job_id} ended before")


async def die_inside(house: House, http: httpx.AsyncClient, job_id: UUID, name: str, seen: Path) -> None:
    """Do some parts of this step, and be killed in the midst of the others."""
    async with worker(house, "--kinds", GRAPH[name]["kind"], code=code(seen, gives=DONE), **PARTS) as first:
        await until_stored(http, job_id, EFFECTS[name])
        assert (await house.job(job_id)).state == State.RUNNING
        first.process.kill()


async def die_after(house: House, job_id: UUID, name: str, seen: Path) -> None:
    """Do the rest of this step, and be killed when it is done."""
    async with worker(house, "--kinds", GRAPH[name]["kind"], code=code(seen), **PARTS) as second:
        assert (await house.ended(job_id)).state == State.SUCCEEDED
        second.process.kill()


async def require_unclaimed(house: House, job_id: UUID) -> None:
    """It is to run next, nobody has begun it, and no worker is there that could."""
    job = await house.job(job_id)
    assert (job.state, job.attempt, job.started_at) == (State.QUEUED, 0, None)


async def stories(http: httpx.AsyncClient, jobs: dict[str, UUID]) -> dict[str, Story]:
    return {name: [event async for event in told(http, job_id)] for name, job_id in jobs.items()}


def effects(told: Story) -> Counter[tuple[str, str]]:
    """All that was told but states and progress."""
    return Counter(event for event in told if event[0] not in {"state", "progress"})


def states(told: Story) -> list[tuple[str, int]]:
    data = [json.loads(data) for name, data in told if name == "state"]
    return [(state["state"], state["attempt"]) for state in data]


async def test_each_step_has_its_effect_once(house: House, tmp_path: Path) -> None:
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    async with api(house) as http:
        calm = await submit(http)
        async with worker(house, code=code(undisturbed), **PARTS):
            assert (await house.ended(calm["digest"])).state == State.SUCCEEDED
        rough = await submit(http)
        for name, job_id in rough.items():
            await require_unclaimed(house, job_id)
            await die_inside(house, http, job_id, name, killed)
            await die_after(house, job_id, name, killed)
        expected, found = await stories(http, calm), await stories(http, rough)
    assert given(killed) == given(undisturbed)
    for name, job_id in rough.items():
        begun = ["waiting"] if name != "hear" else []
        taken = [("queued", 0), ("running", 1), ("queued", 1), ("running", 2), ("succeeded", 2)]
        assert states(found[name]) == [*((state, 0) for state in begun), *taken], name
        assert effects(found[name]) == effects(expected[name]), name
        assert set(effects(found[name]).values()) == {1}, name
        assert await house.outputs(job_id) == await house.outputs(calm[name]), name
        job = await house.job(job_id)
        assert (job.result, job.error) == ((await house.job(calm[name])).result, None), name
