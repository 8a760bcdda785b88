from __future__ import annotations

import asyncio

import httpx
import pytest

from cli.access import Access
from cli.client import Client
from tests.cli.server import JOB_ID, job


class Swallowing(httpx.AsyncBaseTransport):
    """A server whose stream of news never speaks, behind a library that takes a cancellation for a cut connection."""

    def __init__(self) -> None:
        self.streaming = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/events"):
            return httpx.Response(200, json=job("running"))
        self.streaming.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise httpx.ReadError("the connection was closed") from None
        raise AssertionError


async def test_a_cancellation_that_a_library_lost_ends_the_following(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(Access("http://playhead", "key", chosen=True))
    silent = Swallowing()
    monkeypatch.setattr(client, "_http", httpx.AsyncClient(transport=silent, base_url="http://playhead"))
    following = asyncio.create_task(client.follow(JOB_ID, lambda _: None))
    await silent.streaming.wait()
    following.cancel()
    await asyncio.wait([following], timeout=30)
    assert following.cancelled()
