"""One fetch: resumes and limits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from playhead.errors import UrlUnreachableError
from playhead.fetch.answers import refuse_content, refuse_size, refuse_status, rejected, unreachable
from playhead.fetch.client import open_client
from playhead.fetch.entity import Entity
from playhead.fetch.following import answer
from playhead.fetch.guard import Resolver, resolve
from playhead.fetch.sink import Sink, sink
from playhead.fetch.urls import checked_url
from playhead.settings import FetchSettings

Progress = Callable[[int, int | None], Awaitable[None]]
"""Told the bytes received and, where the server says, the bytes in all; fewer than before after a fresh start."""


@dataclass(frozen=True)
class Fetched:
    """What was fetched, as the server called it; ``name`` is cleaned, for people to read."""

    media_type: str
    name: str | None
    size_bytes: int


async def fetch(
    url: str,
    target: Path,
    settings: FetchSettings,
    *,
    on_progress: Progress | None = None,
    resolver: Resolver = resolve,
) -> Fetched:
    """Fetch a URL into a new local file; the file is there only if this returns.

    Raises:
        InvalidError: it is no http or https URL, or carries credentials (permanent).
        UrlForbiddenError: it, or a redirect, leads to an address that is not on the public internet (permanent).
        UrlRejectedError: the server refuses, gives a web page or nothing at all (permanent).
        TooLargeError: there is more than ``settings.max_bytes`` (permanent).
        UrlUnreachableError: no name, no connection, silence, cut too often, 429, 5xx, out of time (transient).
        StorageError: the local disk does not take it (transient).
    """
    start = checked_url(url, settings.allowed_networks)
    with sink(target) as file:
        async with open_client(settings, resolver) as client:
            entity = await _in_time(_Download(client, start, file, settings, on_progress), settings)
    return Fetched(entity.media_type, entity.name, entity.done_bytes)


async def _in_time(download: _Download, settings: FetchSettings) -> Entity:
    limit = asyncio.timeout(settings.timeout_seconds)
    try:
        async with limit:
            return await download.run()
    except TimeoutError as error:
        if not limit.expired():
            raise
        message = f"The download took longer than {settings.timeout_seconds:g} s."
        raise unreachable(message) from error


class _Download:
    def __init__(
        self,
        client: httpx.AsyncClient,
        start: httpx.URL,
        file: Sink,
        settings: FetchSettings,
        progress: Progress | None,
    ) -> None:
        self._client = client
        self._start = start
        self._file = file
        self._settings = settings
        self._progress = progress
        self._entity: Entity | None = None
        self._resumes = 0

    async def run(self) -> Entity:
        while True:
            try:
                entity = await self._attempt()
            except UrlUnreachableError as error:
                await self._before_resuming(error)
            else:
                return entity

    async def _before_resuming(self, error: UrlUnreachableError) -> None:
        # A server that never began to answer is left to the job's own, more patient retries.
        if self._entity is None or self._resumes >= self._settings.max_resumes or error.retry_after_seconds:
            raise error
        await asyncio.sleep(self._settings.resume_pause_seconds * (2**self._resumes))
        self._resumes += 1

    async def _attempt(self) -> Entity:
        wanted = self._entity.resume_headers() if self._entity else {}
        # Always from the first URL: where it led the last time may have expired.
        async with answer(self._client, self._start, wanted, self._settings) as response:
            if wanted and response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                return self._at_the_end(response)
            refuse_status(response)
            refuse_content(response, self._settings)
            entity = self._begun(response)
            await self._receive(entity, response)
        return entity

    def _begun(self, response: httpx.Response) -> Entity:
        if response.status_code == httpx.codes.OK:
            if self._entity is not None:
                self._file.restart()
            self._entity = Entity.of(response)
            return self._entity
        if self._entity is not None and self._entity.goes_on_with(response):
            return self._entity
        raise self._changed(response)

    def _at_the_end(self, response: httpx.Response) -> Entity:
        if self._entity is not None and self._entity.is_complete_after(response):
            return self._entity
        raise self._changed(response)

    def _changed(self, response: httpx.Response) -> UrlUnreachableError:
        # Without a validator the next attempt asks for the whole.
        if self._entity is not None:
            self._entity.validator = None
        return unreachable(f"{response.url.host} gave another part than was asked for: did the recording change?")

    async def _receive(self, entity: Entity, response: httpx.Response) -> None:
        async for chunk in response.aiter_raw():
            refuse_size(entity.done_bytes + len(chunk), self._settings)
            await self._file.write(chunk)
            entity.done_bytes += len(chunk)
            if self._progress is not None:
                await self._progress(entity.done_bytes, entity.total_bytes)
        if entity.is_short:
            raise unreachable(f"{response.url.host} sent less than it announced.")
        if not entity.done_bytes:
            raise rejected(f"{response.url.host} gave an empty answer.")
