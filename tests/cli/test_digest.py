"""`playhead digest`, against a scripted server."""

from __future__ import annotations

import json
import os
from typing import Any

from tests.cli.conftest import Run
from tests.cli.server import Server, as_json

PATH = "/api/v1/digest"
DIGEST: dict[str, Any] = {
    "cron": "0 2 * * *",
    "timezone": "UTC",
    "notify": {"mail": "ann@example.com"},
    "next_at": "2026-11-30T02:00:00Z",
    "feed_url": f"{PATH}/feed/secret",
}
PREVIEW: dict[str, Any] = {
    "due_at": "2026-11-30T02:00:00Z",
    "title": "Podcast digest, 30 November 2026",
    "episodes": [{"episode": {"title": "Rain"}}],
    "markdown": "# Podcast digest, 30 November 2026\n\n## The Weather\n\n"
    "### Rain\n\n[Listen](<https://example.com/rain>)\n\nIt *rains*.\n",
}


def test_show_says_when_and_where_to(run: Run, server: Server) -> None:
    server.on(f"GET {PATH}", as_json(DIGEST))
    told = run("digest", "show").stdout
    for part in (
        "2026-11-30",
        "0 2 * * * (UTC)",
        "mail ann@example.com",
        f"{os.environ['PLAYHEAD_URL']}{PATH}/feed/secret",
    ):
        assert part in told
    assert json.loads(run("digest", "show", "--json").stdout)["notify"] == {"mail": "ann@example.com"}


def test_preview_shows_it_as_people_read_it(run: Run, server: Server) -> None:
    server.on(f"GET {PATH}/preview", as_json(PREVIEW))
    told = run("digest", "preview").stdout
    assert "The Weather" in told
    assert "It rains." in told
    assert "https://example.com/rain" in told


def test_preview_without_news_says_so(run: Run, server: Server) -> None:
    server.on(f"GET {PATH}/preview", as_json(PREVIEW | {"episodes": [], "markdown": "# x\n"}))
    assert "Nothing is new" in run("digest", "preview").stdout


def test_set_changes_what_is_given(run: Run, server: Server) -> None:
    server.on(f"PATCH {PATH}", as_json(DIGEST | {"next_at": None}))
    told = run("digest", "set", "--mail", "ann@example.com", "--pause").stdout
    assert "paused" in told
    [asked] = server.of(f"PATCH {PATH}")
    assert json.loads(asked.body) == {"paused": True, "notify": {"mail": "ann@example.com"}}


def test_it_goes_one_way(run: Run) -> None:
    result = run("digest", "set", "--mail", "ann@example.com", "--feed")
    assert (result.exit_code, "Give one of" in result.stderr) == (2, True)
