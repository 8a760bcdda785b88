from __future__ import annotations

import re

import httpx

from api.app import create_app
from playhead.settings import Settings


async def test_the_page_and_all_it_loads_come_from_here() -> None:
    app = create_app(Settings(database_url="postgresql://nobody@localhost/none"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://playhead") as client:
        page = (await client.get("/docs")).raise_for_status().text
        loaded = re.findall(r"""(?:src|href)="([^"]+)\"""", page)
        assert len(loaded) == 3
        assert [address for address in loaded if not address.startswith("/")] == []
        for address in loaded:
            assert (await client.get(address)).raise_for_status().content
        assert "url: '/openapi.json'" in page
