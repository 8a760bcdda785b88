"""`playhead up` with its parts killed in the middle of a job."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from tests.acceptance.conftest import Stack, stack


@pytest.fixture(scope="module")
def slow() -> Iterator[Stack]:
    """A stack whose jobs take eight seconds, and that soon takes a silent worker for dead."""
    with stack(
        ENGINES="stub",
        STUB__SEGMENTS="40",
        STUB__SECONDS_PER_SEGMENT="0.2",
        WORKER__HEARTBEAT_SECONDS="0.5",
        WORKER__LOST_AFTER_SECONDS="2",
    ) as made:
        yield made


def begun(stack: Stack, name: str) -> dict[str, object]:
    """A job that has told of its first segment."""
    job = stack.submit(stack.upload(f"recording {name}".encode(), f"{name}.wav"))
    with stack.http.stream("GET", f"/api/v1/jobs/{job['id']}/events") as events:
        for line in events.iter_lines():
            if line == "event: segment":
                return job
    pytest.fail(f"no segment came: {job}")


def pid_of(stack: Stack, part: str) -> int:
    return int([line["pid"] for line in stack.log.lines if line.get("part") == part and "pid" in line][-1])


def test_a_worker_killed_in_the_middle_costs_one_attempt(slow: Stack) -> None:
    job = begun(slow, "killed")
    os.kill(pid_of(slow, "worker"), signal.SIGKILL)
    ended = slow.ended(job)
    assert (ended["state"], ended["attempt"], ended["error"]) == ("succeeded", 2, None)
    assert len(ended["result"]["segments"]) == 40


def test_a_worker_told_to_end_gives_its_job_back_for_free(slow: Stack) -> None:
    job = begun(slow, "ended")
    os.kill(pid_of(slow, "worker"), signal.SIGTERM)
    ended = slow.ended(job)
    assert (ended["state"], ended["attempt"]) == ("succeeded", 1)


def test_postgres_killed_in_the_middle_costs_nothing(slow: Stack) -> None:
    job = begun(slow, "without-postgres")
    os.kill(pid_of(slow, "postgres"), signal.SIGKILL)
    slow.log.wait_for("part_died", part="postgres")
    answer = slow.http.get(f"/api/v1/jobs/{job['id']}")
    if answer.status_code != 200:  # It may be back already.
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert float(answer.headers["Retry-After"]) > 0
    slow.http.get("/healthz").raise_for_status()
    slow.log.wait_for("part_started", part="postgres", nth=2)
    ended = slow.ended(job)
    assert (ended["state"], ended["attempt"]) == ("succeeded", 1)
