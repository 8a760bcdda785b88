"""docs/stories.md, done as it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.api.pages import lasting, read, shown

if TYPE_CHECKING:
    import httpx

PAGE = read("stories.md")


async def test_an_adventure(client: httpx.AsyncClient) -> None:
    [request], [answer] = shown(PAGE, "request"), shown(PAGE, "answer")
    made = await client.post("/api/v1/adventures", json=request)
    assert (made.status_code, lasting(made.json())) == (201, lasting(answer))
