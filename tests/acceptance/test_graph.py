"""A graph of four kinds whose worker is killed inside of every step, and between two of them."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from tests.acceptance.conftest import Stack, stack

pytestmark = pytest.mark.timeout(300)

GRAPH: dict[str, Any] = {
    "hear": {"kind": "transcribe"},
    "fix": {"kind": "fix_srt", "input": {"job": "hear", "output": "transcript.srt"}},
    "summarize": {"kind": "summarize", "input": {"job": "fix", "output": "subtitles.srt"}},
    "digest": {
        "kind": "digest",
        "input": {"all": [{"job": "summarize", "output": "summary.json"}, {"job": "hear", "output": "transcript.txt"}]},
    },
}


@pytest.fixture(scope="module")
def paced() -> Iterator[Stack]:
    """A stack whose stub engines take their time, and which soon misses a dead worker."""
    with stack(
        ENGINES="stub",
        STUB__SECONDS_PER_SEGMENT="0.3",
        STUB__SECONDS_PER_ANSWER="1",
        WORKER__HEARTBEAT_SECONDS="0.5",
        WORKER__LOST_AFTER_SECONDS="3",
    ) as made:
        yield made


def kill_worker(stack: Stack) -> None:
    pids = [line["pid"] for line in stack.log.lines if line.get("part") == "worker" and "pid" in line]
    psutil.Process(pids[-1]).send_signal(signal.SIGKILL)


def states(stack: Stack, job_id: str) -> Iterator[dict[str, Any]]:
    """The steps of a job, to its end."""
    with stack.http.stream("GET", f"/api/v1/jobs/{job_id}/events") as stream:
        name = ""
        for line in stream.iter_lines():
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "data" and name == "state":
                yield json.loads(value)


@pytest.mark.heavy
def test_each_step_has_its_effect_once(paced: Stack) -> None:
    file = paced.upload(b"RIFF....WAVEfmt any sound", "talk.wav")
    GRAPH["hear"]["input"] = {"file": file["id"]}
    batch = paced.http.post("/api/v1/batches", json={"jobs": GRAPH}).raise_for_status().json()
    kills = 0
    for name in GRAPH:
        steps = []
        for step in states(paced, batch["jobs"][name]):
            steps.append(step["state"])
            inside = step["state"] == "running" and step["attempt"] == 1
            between = step["state"] == "succeeded" and name == "fix"
            if inside or between:
                kill_worker(paced)
                kills += 1
        assert steps.count("succeeded") == 1, (name, steps)
        assert steps[-1] == "succeeded"
        assert steps.count("running") == 2, (name, steps)
    assert kills == 5
    ended = paced.http.get(f"/api/v1/batches/{batch['id']}").json()
    assert (ended["state"], ended["counts"]) == ("succeeded", {"succeeded": 4})
    for name in GRAPH:
        job = paced.http.get(f"/api/v1/jobs/{batch['jobs'][name]}").json()
        assert (job["attempt"], job["error"]) == (2, None)
        outputs = [output["name"] for output in job["outputs"]]
        assert len(outputs) == len(set(outputs)) > 0
