"""`playhead jobs`, against a scripted server."""

from __future__ import annotations

import json

from tests.cli.conftest import Run
from tests.cli.server import JOB_ID, Answer, Server, as_json, events, job, problem

JOB = f"GET /api/v1/jobs/{JOB_ID}"
BROKEN = {"code": "engine_crashed", "message": "the engine died", "attempt": 3}


def test_list_is_a_line_per_job(run: Run, server: Server) -> None:
    named = job("running", progress=0.25, metadata={"recording": "[live] talk.mp3"})
    server.on("GET /api/v1/jobs", as_json({"items": [named, job("failed", error=BROKEN)], "next_cursor": None}))
    lines = run("jobs", "list", "--state", "running", "--limit", "7").stdout.splitlines()
    assert len(lines) == 3
    assert JOB_ID in lines[1]
    assert "25%" in lines[1]
    assert "[live] talk.mp3" in lines[1]
    assert server.of("GET /api/v1/jobs")[0].query == {"state": "running", "limit": "7"}


def test_list_as_json(run: Run, server: Server) -> None:
    server.on("GET /api/v1/jobs", as_json({"items": [job("queued")], "next_cursor": "more"}))
    shown = json.loads(run("jobs", "list", "--json").stdout)
    assert shown["items"][0]["id"] == JOB_ID
    assert shown["next_cursor"] == "more"


def test_show_tells_the_cause(run: Run, server: Server) -> None:
    server.on(JOB, as_json(job("failed", error=BROKEN)))
    shown = run("jobs", "show", JOB_ID).stdout
    assert "engine_crashed: the engine died" in shown
    assert "1 of 3" in shown
    assert shown.startswith("job ")


def test_an_unknown_job_is_one_line(run: Run, server: Server) -> None:
    server.on(JOB, problem(404, "not_found", "there is no such job"))
    result = run("jobs", "show", JOB_ID)
    assert result.exit_code == 1
    assert "there is no such job" in result.stderr


def test_watch_follows_to_the_end(run: Run, server: Server) -> None:
    server.on(JOB, as_json(job("running")), as_json(job("running")), as_json(job("succeeded", progress=1.0)))
    progress = ("", "progress", {"progress": 0.5, "stage": "transcribing", "eta_seconds": 61})
    server.on(f"{JOB}/events", Answer(body=events(progress, ("1", "state", {"state": "succeeded"}))))
    result = run("jobs", "watch", JOB_ID)
    assert result.exit_code == 0
    assert result.stdout == f"{JOB_ID} succeeded\n"
    assert "transcribing, 50%, 1:01 left" in result.stderr


def test_watch_exits_with_1_when_the_job_fails(run: Run, server: Server) -> None:
    server.on(JOB, as_json(job("failed", error=BROKEN)))
    result = run("jobs", "watch", JOB_ID)
    assert result.exit_code == 1
    assert "engine_crashed: the engine died" in result.stderr


def test_cancel_and_retry(run: Run, server: Server) -> None:
    server.on(f"POST /api/v1/jobs/{JOB_ID}/cancel", as_json(job("canceled")))
    server.on(f"POST /api/v1/jobs/{JOB_ID}/retry", problem(409, "state_conflict", "a running job is not retried"))
    assert run("jobs", "cancel", JOB_ID).stdout == f"{JOB_ID} canceled\n"
    refused = run("jobs", "retry", JOB_ID)
    assert refused.exit_code == 1
    assert "a running job is not retried" in refused.stderr
