"""Webhooks, called as Standard Webhooks has it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

from playhead.cancellation import undivided
from playhead.engines import Post
from playhead.errors import TooLargeError, UrlRejectedError, WebhookRefusedError
from playhead.fetch.answers import answered, refuse_for_now, unreachable
from playhead.fetch.client import open_client
from playhead.fetch.following import faults
from playhead.fetch.guard import Resolver, resolve
from playhead.fetch.urls import checked_url
from playhead.settings import FetchSettings, WebhookSettings
from playhead.settings.delivery import signing_key

PART_BYTES = 1024 * 1024


class HttpPoster:
    """The real :class:`~playhead.engines.Poster`; it connects to no address that a download would not."""

    def __init__(self, settings: WebhookSettings, fetching: FetchSettings, resolver: Resolver = resolve) -> None:
        self._settings = settings
        self._fetching = fetching
        self._resolver = resolver

    async def post(self, post: Post) -> None:
        """As :meth:`playhead.engines.Poster.post`."""
        url = checked_url(post.url, self._fetching.allowed_networks)
        size_bytes = (await asyncio.to_thread(post.body.stat)).st_size
        require_room(size_bytes, self._settings)
        headers = await self._headers(post, size_bytes)
        refuse(await undivided(self._called(url, headers, post.body)))

    async def _called(self, url: httpx.URL, headers: dict[str, str], body: Path) -> httpx.Response:
        patience = asyncio.timeout(self._settings.timeout_seconds)
        try:
            async with patience, open_client(self._fetching, self._resolver) as client:
                with faults(url):
                    request = client.build_request("POST", url, headers=headers, content=_parts(body))
                    response = await client.send(request, stream=True)
                await response.aclose()  # What else it has to say is read by nobody.
                return response
        except TimeoutError:
            raise unreachable(f"{url.host} took longer than {self._settings.timeout_seconds:g} s.") from None
        except UrlRejectedError as error:
            raise WebhookRefusedError(error.message) from None

    async def _headers(self, post: Post, size_bytes: int) -> dict[str, str]:
        said = {"webhook-id": post.id, "webhook-timestamp": str(int(time.time()))}
        if self._settings.secret:
            key, begun = signing_key(self._settings.secret), f"{post.id}.{said['webhook-timestamp']}."
            said["webhook-signature"] = f"v1,{await asyncio.to_thread(_signature, key, begun, post.body)}"
        return {"Content-Type": post.media_type, "Content-Length": str(size_bytes), **said}


def require_room(size_bytes: int, settings: WebhookSettings) -> None:
    """Raise TooLargeError for what is larger than may be posted."""
    if size_bytes > settings.max_bytes:
        raise TooLargeError(f"the document is larger than the {settings.max_bytes} bytes that webhooks are sent")


def refuse(response: httpx.Response) -> None:
    """Raise for every answer but success."""
    if response.is_success:
        return
    refuse_for_now(response)
    redirected = " Redirects are not followed." if response.is_redirect else ""
    raise WebhookRefusedError(answered(response) + redirected)


async def _parts(body: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(body.open, "rb") as file:
        while part := await asyncio.to_thread(file.read, PART_BYTES):
            yield part


def _signature(key: bytes, begun: str, body: Path) -> str:
    signed = hmac.new(key, begun.encode(), hashlib.sha256)
    with body.open("rb") as file:
        while part := file.read(PART_BYTES):
            signed.update(part)
    return base64.b64encode(signed.digest()).decode()
