"""Asking a feed's server, without leading anyone into the operator's own network."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import httpx

from playhead.errors import FeedGoneError
from playhead.fetch.answers import refuse_status, rejected, unreachable
from playhead.fetch.client import open_client
from playhead.fetch.entity import content_length
from playhead.fetch.following import answer
from playhead.fetch.guard import Resolver, resolve
from playhead.fetch.urls import checked_url
from playhead.podcasts.polling.unpacking import ENCODINGS, Unpacked
from playhead.podcasts.urls import MAX_URL
from playhead.settings import Settings

ACCEPT = "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5"
MAX_VALIDATOR = 1024
"""Characters of an ``ETag`` or a ``Last-Modified``: a longer one is not kept."""


_PERMANENT = frozenset({httpx.codes.MOVED_PERMANENTLY, httpx.codes.PERMANENT_REDIRECT})


@dataclass(frozen=True)
class Known:
    """Where a feed is, and what its server said of the version that is known."""

    url: str
    etag: str | None = None
    last_modified: str | None = None

    def headers(self) -> dict[str, str]:
        """Those of a request that wants another version than this."""
        validators = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in validators.items() if value}


@dataclass(frozen=True)
class Answer:
    """What a feed's server said.

    Attributes:
        known: where the feed is from now on, as far as redirects were permanent, and of what version this tells.
        came_from: the address that gave it, for relative addresses.
        content_type: as it was said; empty where it was not.
        body: the bytes, unpacked; None where nothing is new.
    """

    known: Known
    came_from: str
    content_type: str
    body: bytes | None


async def ask(known: Known, settings: Settings, *, resolver: Resolver = resolve) -> Answer:
    """Ask for the feed, if it has changed.

    Raises:
        InvalidError, UrlForbiddenError, UrlRejectedError: as :func:`playhead.fetch.fetch` (permanent).
        FeedGoneError: its server says that it will not come back (permanent).
        FeedUnreadableError, TooLargeError: as :class:`playhead.podcasts.polling.unpacking.Unpacked`.
        UrlUnreachableError: no connection, silence, cut, 429, 5xx, out of time (transient).
    """
    limit = asyncio.timeout(settings.podcasts.ask_seconds)
    try:
        async with limit:
            return await _asked(known, settings, resolver)
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise unreachable(f"It took longer than {settings.podcasts.ask_seconds:g} s.") from error


async def _asked(known: Known, settings: Settings, resolver: Resolver) -> Answer:
    start, hops = checked_url(known.url, settings.fetch.allowed_networks), _Hops(known.url)
    headers = {"Accept": ACCEPT, "Accept-Encoding": ENCODINGS, **known.headers()}
    async with (
        open_client(settings.fetch, resolver) as client,
        answer(client, start, headers, settings.fetch, on_redirect=hops.note) as response,
    ):
        if response.status_code == httpx.codes.NOT_MODIFIED and known.headers():
            return Answer(Known(hops.lasting, known.etag, known.last_modified), str(response.url), "", None)
        _refuse(response)
        body = await _received(response, settings.podcasts.max_feed_bytes)
        said = Known(hops.lasting, _kept(response, "ETag"), _kept(response, "Last-Modified"))
        return Answer(said, str(response.url), response.headers.get("Content-Type", ""), body)


def _refuse(response: httpx.Response) -> None:
    if response.status_code == httpx.codes.GONE:
        raise FeedGoneError(f"{response.url.host} answered 410 Gone: the feed will not come back.")
    refuse_status(response)
    if response.status_code != httpx.codes.OK:
        raise rejected(f"{response.url.host} gave a part, though the whole was asked for.")


async def _received(response: httpx.Response, max_bytes: int) -> bytes:
    unpacked, came = Unpacked(response.headers.get("Content-Encoding", ""), max_bytes), 0
    async for chunk in response.aiter_raw():
        came += len(chunk)
        unpacked.feed(chunk)
    if came < (content_length(response.headers) or 0):
        raise unreachable(f"{response.url.host} sent less than it announced.")
    return unpacked.finish()


def _kept(response: httpx.Response, name: str) -> str | None:
    value = response.headers.get(name, "").strip()
    return value if value.isascii() and value.isprintable() and 0 < len(value) <= MAX_VALIDATOR else None


class _Hops:
    """Where redirects lead for good: as far as each of them was permanent, and to addresses that can be kept."""

    def __init__(self, start: str) -> None:
        self.lasting = start
        self._is_lasting = True

    def note(self, status: int, url: httpx.URL) -> None:
        address = str(url.copy_with(fragment=None))
        self._is_lasting &= status in _PERMANENT and len(address) <= MAX_URL
        if self._is_lasting:
            self.lasting = address
