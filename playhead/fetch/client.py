"""An HTTP client whose every connection passes the guard."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterable, AsyncIterator
from functools import cache
from typing import cast

import httpcore
import httpx

from playhead.fetch.guard import GuardedBackend, Resolver
from playhead.settings import FetchSettings

CONNECT_SECONDS = 10.0

# identity: bytes are counted as they come, and nothing that was packed small can unpack large.
HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "playhead"}


def open_client(settings: FetchSettings, resolver: Resolver) -> httpx.AsyncClient:
    """A client for one exchange: no proxy of the environment, no netrc, no redirect followed by itself."""
    patience = min(CONNECT_SECONDS, settings.silence_seconds)
    return httpx.AsyncClient(
        transport=GuardedTransport(GuardedBackend(settings.allowed_networks, resolver)),
        headers=HEADERS,
        timeout=httpx.Timeout(settings.silence_seconds, connect=patience),
        follow_redirects=False,
        trust_env=False,
    )


class GuardedTransport(httpx.AsyncBaseTransport):
    """httpcore's connection pool over a backend of ours, which httpx's own transport does not let one choose.

    Raises httpcore's exceptions, not httpx's.
    """

    def __init__(self, backend: GuardedBackend) -> None:
        self._pool = httpcore.AsyncConnectionPool(ssl_context=_ssl_context(), network_backend=backend)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""
        response = await self._pool.handle_async_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=cast("AsyncIterable[bytes]", request.stream),
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_Body(response),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in cast("AsyncIterable[bytes]", self._response.stream):
            yield chunk

    async def aclose(self) -> None:
        await self._response.aclose()


@cache
def _ssl_context() -> ssl.SSLContext:
    # SSL_CERT_FILE and SSL_CERT_DIR are honoured: an operator's own authority is the operator's decision.
    return httpx.create_ssl_context()
