"""docs/podcasts.md, done as it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from playhead.models import Feed
from playhead.podcasts.polling.checking import Checking
from tests.api.pages import lasting, read, shown

if TYPE_CHECKING:
    import httpx

PAGE = read("podcasts.md")
ABOUT = {"title": "The sea show", "link": "https://example.com/", "description": "What the water does."}
LIST = b"""<opml version="2.0"><body>
<outline text="Podcasts">
<outline text="The sea show" xmlUrl="https://example.com/feed.xml"/>
<outline text="At home" xmlUrl="http://192.168.1.1/feed.xml"/>
</outline></body></opml>"""


async def test_a_subscription(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    async def look(_: Checking, url: str) -> Feed:
        return Feed(url=url, language="en", image_url="https://example.com/cover.png", **ABOUT)

    monkeypatch.setattr(Checking, "look", look)
    [request], [answer] = shown(PAGE, "request"), shown(PAGE, "answer")
    made = await client.post("/api/v1/subscriptions", json=request)
    assert (made.status_code, lasting(made.json())) == (201, lasting(answer))


async def test_a_list(client: httpx.AsyncClient) -> None:
    [report] = shown(PAGE, "imported")
    told = await client.post("/api/v1/opml", content=LIST)
    assert (told.status_code, lasting(told.json())) == (200, lasting(report))
