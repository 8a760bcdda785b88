"""The engine's process killed while it decodes a real recording, until the recording is not decoded again."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import pytest

from tests.engines.sounds import samples, write_wave

if TYPE_CHECKING:
    from tests.acceptance.conftest import Stack

pytestmark = [pytest.mark.models, pytest.mark.heavy]

CLIPS = sorted((Path(__file__).parent.parent / "media").glob("sense-and-sensibility-*.flac"))
MOST_KILLS = 20
"""An engine that dies between two steps costs no attempt, one that dies of loading its model is not put down to it."""


def long_recording(folder: Path) -> bytes:
    """A quarter of an hour of speech: whatever happens, there is something left to decode."""
    path = folder / "long.wav"
    write_wave(path, np.concatenate([samples(clip) for clip in CLIPS] * 30))
    return path.read_bytes()


def killed_engines(stack: Stack) -> int:
    """Kill the engine; gives how many there were."""
    count = 0
    for process in psutil.Process(stack.process.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # It may be dead already, and not yet buried.
            if "worker.engines.speech" in process.cmdline():
                process.kill()
                count += 1
    return count


def killed_to_the_end(stack: Stack, job: dict[str, Any]) -> dict[str, Any]:
    """The job once it has ended, an engine having been killed whenever it had just told of a segment."""
    kills = 0
    with stack.http.stream("GET", f"/api/v1/jobs/{job['id']}/events") as events:
        for line in events.iter_lines():
            if line == "event: segment" and kills < MOST_KILLS:
                kills += killed_engines(stack)
    return stack.ended(job)


def test_a_recording_that_killed_two_engines_is_tried_no_more_until_it_is_lifted(
    speaking: Stack, tmp_path: Path
) -> None:
    content = long_recording(tmp_path)
    first = killed_to_the_end(speaking, speaking.submit(speaking.upload(content, "long.wav"), max_attempts=9))
    assert (first["state"], first["error"]["code"]) == ("failed", "engine_crashed")
    assert first["attempt"] < first["max_attempts"]
    assert "SIGKILL" in first["error"]["message"]

    body = {"kind": "transcribe", "input": {"file": speaking.upload(content, "again.wav")["id"]}}
    refused = speaking.http.post("/api/v1/jobs", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "input_quarantined")
    other = speaking.submit(speaking.upload(CLIPS[0].read_bytes(), "other.flac"))
    assert speaking.ended(other)["state"] == "succeeded"

    (item,) = speaking.http.get("/api/v1/quarantine").raise_for_status().json()["items"]
    assert (item["deaths"], item["jobs"]) == (2, [first["id"]])
    retry = f"/api/v1/jobs/{first['id']}/retry"
    assert speaking.http.post(retry).status_code == 409
    speaking.http.delete(f"/api/v1/quarantine/transcribe/{item['sha256']}").raise_for_status()
    assert speaking.http.post("/api/v1/jobs", json=body).status_code == 202
    assert speaking.http.post(retry).raise_for_status().json()["state"] == "queued"
