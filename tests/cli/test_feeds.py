"""`playhead feeds`, against a scripted server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.cli.server import Answer, Server, as_json, problem

ID = "01a22475-2f3a-7c11-9d0e-6a0a4b1f2c33"
PATH = "/api/v1/subscriptions"
FEED: dict[str, Any] = {
    "id": "01a22475-2f3a-7c11-9d0e-6a0a4b1f2c44",
    "url": "https://example.com/feed.xml",
    "title": "The [sea] show",
    "polled_at": "2026-11-30T05:30:00Z",
    "next_poll_at": None,
    "error": None,
}
SUBSCRIPTION: dict[str, Any] = {
    "id": ID,
    "feed": FEED,
    "keywords": ["tides", "moon"],
    "newest": None,
    "notify": {"mail": "ann@example.com"},
    "created_at": "2026-11-28T23:20:11Z",
}


def test_list_is_a_line_per_feed(run: Run, server: Server) -> None:
    broken = {**FEED, "title": None, "error": {"code": "feed_gone", "message": "gone"}}
    other = {**SUBSCRIPTION, "feed": broken, "keywords": [], "notify": {"digest": True}}
    server.on(f"GET {PATH}", as_json({"items": [SUBSCRIPTION, other], "next_cursor": "more"}))
    heads, line, second, more = run("feeds", "list", "--limit", "2").stdout.splitlines()
    assert heads.startswith("SUBSCRIPTION")
    for told in (ID, "ann@example.com", "tides, moon", "2026-11-30", "The [sea] show"):
        assert told in line
    for told in ("digest", "feed_gone", FEED["url"]):
        assert told in second
    assert "There are more" in more
    assert server.of(f"GET {PATH}")[0].query == {"limit": "2"}


def test_an_empty_list_says_what_to_do(run: Run, server: Server) -> None:
    server.on(f"GET {PATH}", as_json({"items": [], "next_cursor": None}))
    assert "playhead feeds add" in run("feeds", "list").stdout
    assert json.loads(run("feeds", "list", "--json").stdout)["items"] == []


@pytest.mark.parametrize(
    ("options", "wishes"),
    [
        ((), {"keywords": [], "newest": None, "notify": {"digest": True}}),
        (
            ("--keyword", "tides", "--keyword", "moon", "--newest", "3", "--mail", "ann@example.com"),
            {"keywords": ["tides", "moon"], "newest": 3, "notify": {"mail": "ann@example.com"}},
        ),
        (
            ("--webhook", "https://example.com/hook"),
            {"keywords": [], "newest": None, "notify": {"webhook": "https://example.com/hook"}},
        ),
    ],
    ids=["digest", "mail", "webhook"],
)
def test_add_subscribes(options: tuple[str, ...], wishes: dict[str, Any], run: Run, server: Server) -> None:
    server.on(f"POST {PATH}", as_json(SUBSCRIPTION, 201))
    assert run("feeds", "add", FEED["url"], *options).stdout == f"{ID} The [sea] show\n"
    assert server.of(f"POST {PATH}")[0].json == {"url": FEED["url"], **wishes}


def test_add_takes_one_way_to_be_told(run: Run) -> None:
    result = run("feeds", "add", FEED["url"], "--mail", "ann@example.com", "--webhook", "https://example.com")
    assert (result.exit_code, "not both" in result.stderr) == (2, True)


def test_what_the_server_refuses_is_told(run: Run, server: Server) -> None:
    server.on(f"POST {PATH}", problem(422, "feed_unreadable", "This is a web page", field="url"))
    result = run("feeds", "add", FEED["url"])
    assert (result.exit_code, "This is a web page" in result.stderr) == (1, True)


def test_episodes_is_a_line_per_episode(run: Run, server: Server) -> None:
    episode = {"id": ID, "title": "Tides", "published_at": None, "duration_seconds": 3723.0, "state": "ready"}
    failed = {**episode, "state": "failed", "error": {"code": "media_unreadable", "message": "damaged"}}
    server.on(f"GET {PATH}/{ID}", as_json(SUBSCRIPTION))
    server.on(f"GET /api/v1/feeds/{FEED['id']}/episodes", as_json({"items": [episode, failed], "next_cursor": None}))
    heads, line, second = run("feeds", "episodes", ID).stdout.splitlines()
    assert heads.startswith("EPISODE")
    for told in ("ready", "1:02:03", "Tides"):
        assert told in line
    assert "media_unreadable" in second
    assert len(json.loads(run("feeds", "episodes", ID, "--json").stdout)["items"]) == 2


def test_opml_prints_yours(run: Run, server: Server) -> None:
    server.on("GET /api/v1/opml", Answer(body="<opml>é</opml>\n".encode(), headers={"Content-Type": "text/x-opml"}))
    assert run("feeds", "opml").stdout == "<opml>é</opml>\n"


def test_opml_imports_a_file(run: Run, server: Server, tmp_path: Path) -> None:
    refused = {"line": 3, "url": "http://10.0.0.1/", "outcome": "refused"}
    items = [
        {"line": 2, "url": FEED["url"], "outcome": "subscribed", "error": None},
        {**refused, "error": {"code": "url_forbidden", "message": "10.0.0.1 is private"}},
    ]
    server.on("POST /api/v1/opml", as_json({"subscribed": 1, "items": items}))
    file = tmp_path / "feeds.opml"
    file.write_bytes(b"<opml/>")
    heads, line, second = run("feeds", "opml", str(file)).stdout.splitlines()
    assert heads.startswith("LINE")
    assert "subscribed" in line
    assert "10.0.0.1 is private" in second
    assert server.of("POST /api/v1/opml")[0].body == b"<opml/>"
    assert run("feeds", "opml", str(tmp_path / "none.opml")).exit_code == 1


def test_remove(run: Run, server: Server) -> None:
    server.on(f"DELETE {PATH}/{ID}", as_json({}, 204))
    assert run("feeds", "remove", ID).stdout == f"Ended {ID}.\n"
