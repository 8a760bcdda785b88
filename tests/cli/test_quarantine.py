"""`playhead quarantine`, against a scripted server."""

from __future__ import annotations

import json

from tests.cli.conftest import Run
from tests.cli.server import JOB_ID, Server, as_json, problem

SHA = "9f" * 32
ITEM = {
    "kind": "transcribe",
    "sha256": SHA,
    "deaths": 2,
    "last_error": "The engine died: [SIGSEGV].",
    "jobs": [JOB_ID],
    "first_death_at": "2026-01-02T03:04:05Z",
    "last_death_at": "2026-01-02T03:04:05Z",
    "quarantined_at": "2026-01-02T03:04:05Z",
}
LIST, LIFT_ALL = "GET /api/v1/quarantine", "DELETE /api/v1/quarantine"
LIFT = f"{LIFT_ALL}/transcribe/{SHA}"


def test_list_is_a_line_per_input(run: Run, server: Server) -> None:
    server.on(LIST, as_json({"items": [ITEM], "total": 7}))
    heads, line, more = run("quarantine", "list", "--kind", "transcribe", "--limit", "1").stdout.splitlines()
    assert heads.startswith("KIND")
    for told in ("transcribe", SHA, " 2 ", JOB_ID, "The engine died: [SIGSEGV]."):
        assert told in line
    assert "There are 7" in more
    assert server.of(LIST)[0].query == {"kind": "transcribe", "limit": "1"}


def test_an_empty_list_says_so(run: Run, server: Server) -> None:
    server.on(LIST, as_json({"items": [], "total": 0}))
    assert run("quarantine", "list").stdout == "Nothing is in quarantine.\n"


def test_list_as_json(run: Run, server: Server) -> None:
    server.on(LIST, as_json({"items": [ITEM], "total": 1}))
    shown = json.loads(run("quarantine", "list", "--json").stdout)
    assert (shown["total"], shown["items"][0]["sha256"]) == (1, SHA)


def test_lift_one(run: Run, server: Server) -> None:
    server.on(LIFT, as_json({}, 204))
    assert run("quarantine", "lift", "transcribe", SHA).stdout == f"Lifted transcribe {SHA}.\n"
    assert len(server.of(LIFT)) == 1


def test_lift_what_is_not_there(run: Run, server: Server) -> None:
    server.on(LIFT, problem(404, "not_found", "no such input is in quarantine"))
    result = run("quarantine", "lift", "transcribe", SHA)
    assert result.exit_code == 1
    assert "no such input is in quarantine" in result.stderr


def test_lift_all_or_all_of_a_kind(run: Run, server: Server) -> None:
    server.on(LIFT_ALL, as_json({"lifted": 3}))
    assert run("quarantine", "lift", "--all").stdout == "Lifted 3.\n"
    run("quarantine", "lift", "transcribe", "--all")
    assert [asked.query for asked in server.of(LIFT_ALL)] == [{}, {"kind": "transcribe"}]


def test_lifting_needs_to_be_told_what(run: Run, server: Server) -> None:
    for given in ([], ["transcribe"], ["transcribe", SHA, "--all"]):
        result = run("quarantine", "lift", *given)
        assert result.exit_code == 2
        assert "--all" in result.stderr
    assert server.of(LIFT_ALL) == server.of(LIFT) == []


def test_a_key_of_no_admin_is_told_which_to_take(run: Run, server: Server) -> None:
    server.on(LIST, problem(403, "forbidden", "this needs an admin key"))
    result = run("quarantine", "list")
    assert result.exit_code == 1
    assert "this needs an admin key" in result.stderr
