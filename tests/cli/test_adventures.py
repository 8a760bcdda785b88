"""`playhead adventures`, against a scripted server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.cli.server import Server, as_json, problem

ID = "01a22475-2f3a-7c11-9d0e-6a0a4b1f2c33"
PATH = "/api/v1/adventures"
ADVENTURE: dict[str, Any] = {
    "id": ID,
    "title": None,
    "theme": "A [very] old map",
    "status": "active",
    "error": None,
    "latest": 2,
    "language": "es",
    "level": "A2",
    "created_at": "2026-11-28T23:20:11Z",
}
ENTRY: dict[str, Any] = {
    "number": 2,
    "status": "complete",
    "decision": "Seguir el mapa.",
    "title": "La [isla]",
    "text": "Ana llega. La isla está vacía.",
    "sentences": [
        {"text": "Ana llega.", "translation": "Ana arrives."},
        {"text": "La isla está vacía.", "translation": None},
    ],
    "choices": ["Volver.", "Gritar.", "Buscar agua."],
    "audio": {"url": f"{PATH}/{ID}/entries/2/audio"},
}


def test_start_begins_a_story_once(run: Run, server: Server) -> None:
    server.on(f"POST {PATH}", as_json({**ADVENTURE, "status": "awaiting_first_entry"}, 201))
    told = run(
        "adventures", "start", "An old map", "--language", "es", "--level", "A2", "--native-language", "en"
    ).stdout
    assert told.startswith(f"{ID} awaiting_first_entry")
    [asked] = server.of(f"POST {PATH}")
    assert {name: value for name, value in asked.json.items() if value is not None} == {
        "theme": "An old map",
        "language": "es",
        "level": "A2",
        "native_language": "en",
        "annotated": True,
    }
    assert asked.headers["idempotency-key"]


def test_list_is_a_line_per_adventure(run: Run, server: Server) -> None:
    failed = {**ADVENTURE, "status": "error", "title": "Mine"}
    server.on(f"GET {PATH}", as_json({"items": [ADVENTURE, failed], "next_cursor": "more"}))
    heads, line, other, more = run("adventures", "list", "--limit", "2").stdout.splitlines()
    assert heads.startswith("ADVENTURE")
    for told in (ID, "active", "es", "A2", "A [very] old map"):
        assert told in line
    assert "error" in other
    assert "Mine" in other
    assert "There are more" in more


def test_an_empty_list_says_what_to_do(run: Run, server: Server) -> None:
    server.on(f"GET {PATH}", as_json({"items": [], "next_cursor": None}))
    assert "playhead adventures start" in run("adventures", "list").stdout
    assert json.loads(run("adventures", "list", "--json").stdout)["items"] == []


def test_show_reads_the_latest_entry(run: Run, server: Server) -> None:
    server.on(f"GET {PATH}/{ID}", as_json(ADVENTURE))
    server.on(f"GET {PATH}/{ID}/entries/2", as_json(ENTRY))
    told = run("adventures", "show", ID, "--wait", "60").stdout
    for words in (
        "active",
        "2. La [isla]",
        "La isla está vacía.",
        "Ana arrives.",
        "3: Buscar agua.",
        "entries/2/audio",
    ):
        assert words in told
    assert server.of(f"GET {PATH}/{ID}")[0].query == {"wait": "60"}
    assert json.loads(run("adventures", "show", ID, "--json").stdout)["title"] == "La [isla]"


def test_show_reads_any_entry(run: Run, server: Server) -> None:
    server.on(f"GET {PATH}/{ID}", as_json(ADVENTURE))
    server.on(f"GET {PATH}/{ID}/entries/1", as_json({**ENTRY, "number": 1}))
    assert "1. La [isla]" in run("adventures", "show", ID, "--entry", "1").stdout


def test_show_says_what_failed(run: Run, server: Server) -> None:
    error = {"step": "speak", "code": "invalid", "message": "no [such] voice"}
    server.on(f"GET {PATH}/{ID}", as_json({**ADVENTURE, "status": "error", "error": error}))
    server.on(f"GET {PATH}/{ID}/entries/2", as_json({"number": 2, "status": "error"}))
    assert "speak failed with invalid: no [such] voice" in run("adventures", "show", ID).stdout


@pytest.mark.parametrize(("given", "sent"), [("2", 2), ("Seguir el mapa.", "Seguir el mapa.")])
def test_decide_sends_a_number_or_words(given: str, sent: int | str, run: Run, server: Server) -> None:
    pending = {**ENTRY, "status": "pending"}
    server.on(f"POST {PATH}/{ID}/decisions", as_json(pending, 201))
    assert run("adventures", "decide", ID, given).stdout == "entry 2 pending: Seguir el mapa.\n"
    [asked] = server.of(f"POST {PATH}/{ID}/decisions")
    assert asked.json == {"choice": sent}
    assert asked.headers["idempotency-key"]


def test_what_the_server_refuses_is_told(run: Run, server: Server) -> None:
    server.on(f"POST {PATH}/{ID}/decisions", problem(409, "entry_pending", "entry 2 is still being written"))
    result = run("adventures", "decide", ID, "1")
    assert (result.exit_code, "still being written" in result.stderr) == (1, True)


def test_retry_and_remove(run: Run, server: Server) -> None:
    server.on(f"POST {PATH}/{ID}/retry", as_json({**ADVENTURE, "status": "awaiting_entry"}))
    server.on(f"DELETE {PATH}/{ID}", as_json({}, 204))
    assert run("adventures", "retry", ID).stdout == "awaiting_entry\n"
    assert run("adventures", "remove", ID).stdout == f"Forgot {ID}.\n"
