"""`playhead schedules`, against a scripted server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.cli.server import JOB_ID, Server, as_json, problem

ID = "01a22475-2f3a-7c11-9d0e-6a0a4b1f2c33"
PATH = "/api/v1/schedules"
SCHEDULE: dict[str, Any] = {
    "id": ID,
    "name": "The [morning] show",
    "cron": "30 6 * * MON-FRI",
    "timezone": "Europe/Berlin",
    "request": {"kind": "transcribe"},
    "next_at": "2026-11-30T05:30:00Z",
    "paused_at": None,
    "created_at": "2026-11-28T23:20:11Z",
}
RUN: dict[str, Any] = {"id": ID, "due_at": None, "at": "2026-11-30T05:30:00Z", "job_id": JOB_ID, "batch_id": None}


def test_list_is_a_line_per_schedule(run: Run, server: Server) -> None:
    paused = {**SCHEDULE, "next_at": None, "paused_at": "2026-11-28T23:20:11Z"}
    server.on(f"GET {PATH}", as_json({"items": [SCHEDULE, paused], "next_cursor": "more"}))
    heads, line, other, more = run("schedules", "list", "--limit", "2").stdout.splitlines()
    assert heads.startswith("SCHEDULE")
    for told in (ID, "30 6 * * MON-FRI", "Europe/Berlin", "2026-11-30", "The [morning] show"):
        assert told in line
    assert "paused" in other
    assert "There are more" in more
    assert server.of(f"GET {PATH}")[0].query == {"limit": "2"}


def test_an_empty_list_says_what_to_do(run: Run, server: Server) -> None:
    server.on(f"GET {PATH}", as_json({"items": [], "next_cursor": None}))
    assert "playhead schedules add" in run("schedules", "list").stdout
    assert json.loads(run("schedules", "list", "--json").stdout)["items"] == []


def test_add_sends_the_request_of_a_file_once(run: Run, server: Server, tmp_path: Path) -> None:
    server.on(f"POST {PATH}", as_json(SCHEDULE, 201))
    request = tmp_path / "request.json"
    request.write_text('{"kind": "transcribe"}')
    result = run("schedules", "add", "0 2 * * *", str(request), "--timezone", "Europe/Berlin", "--name", "Nightly")
    assert result.stdout.startswith(f"{ID} next 2026-11-30")
    [asked] = server.of(f"POST {PATH}")
    assert json.loads(asked.body) == {
        "cron": "0 2 * * *",
        "timezone": "Europe/Berlin",
        "name": "Nightly",
        "request": {"kind": "transcribe"},
    }
    assert asked.headers["idempotency-key"]


@pytest.mark.parametrize(("text", "told"), [("{", "is not JSON"), ("[]", "holds no JSON object")])
def test_a_file_that_is_no_request_is_told(text: str, told: str, run: Run, tmp_path: Path) -> None:
    request = tmp_path / "request.json"
    request.write_text(text)
    result = run("schedules", "add", "0 2 * * *", str(request))
    assert (result.exit_code, told in result.stderr) == (2, True)


def test_what_the_server_refuses_is_told(run: Run, server: Server, tmp_path: Path) -> None:
    server.on(f"POST {PATH}", problem(422, "invalid", "give five fields"))
    request = tmp_path / "request.json"
    request.write_text("{}")
    result = run("schedules", "add", "nightly", str(request))
    assert (result.exit_code, "give five fields" in result.stderr) == (1, True)


@pytest.mark.parametrize("action", ["pause", "resume"])
def test_pause_and_resume(action: str, run: Run, server: Server) -> None:
    server.on(f"POST {PATH}/{ID}/{action}", as_json({**SCHEDULE, "next_at": None}))
    assert run("schedules", action, ID).stdout == f"{ID} is paused\n"


def test_run_tells_what_was_made(run: Run, server: Server) -> None:
    server.on(f"POST {PATH}/{ID}/run", as_json(RUN, 202))
    assert run("schedules", "run", ID).stdout == f"job {JOB_ID}\n"
    server.on(f"POST {PATH}/{ID}/run", as_json({**RUN, "job_id": None, "batch_id": ID}, 202))
    assert run("schedules", "run", ID).stdout == f"batch {ID}\n"
    error = {"code": "invalid", "message": "the file is gone", "field": "input.file"}
    server.on(f"POST {PATH}/{ID}/run", as_json({**RUN, "job_id": None, "error": error}, 202))
    result = run("schedules", "run", ID)
    assert (result.exit_code, "invalid: the file is gone" in result.stderr) == (1, True)


def test_runs_is_a_line_per_run(run: Run, server: Server) -> None:
    error = {"code": "invalid", "message": "the file is gone", "field": None}
    refused = {**RUN, "job_id": None, "due_at": "2026-11-30T05:30:00Z", "error": error}
    server.on(f"GET {PATH}/{ID}/runs", as_json({"items": [RUN, refused], "next_cursor": None}))
    heads, line, other = run("schedules", "runs", ID).stdout.splitlines()
    assert heads.startswith("AT")
    assert "beside its times" in line
    assert JOB_ID in line
    assert "invalid: the file is gone" in other
    assert len(json.loads(run("schedules", "runs", ID, "--json").stdout)["items"]) == 2


def test_remove(run: Run, server: Server) -> None:
    server.on(f"DELETE {PATH}/{ID}", as_json({}, 204))
    assert run("schedules", "remove", ID).stdout == f"Forgot {ID}.\n"


def test_system_shows_when_each_task_had_its_turn(run: Run, server: Server) -> None:
    task = {"name": "rescue", "cron": "* * * * * *", "summary": "Queue jobs.", "next_at": "2026-11-30T05:30:00Z"}
    server.on(f"GET {PATH}/system", as_json({"items": [{**task, "last_at": None}]}))
    heads, line = run("schedules", "system").stdout.splitlines()
    assert heads.startswith("TASK")
    assert "never" in line
    assert "Queue jobs." in line
