"""The connection to the server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx2
from openai import AsyncOpenAI

from playhead.errors import ModelUnavailableError
from playhead.settings import LLMSettings
from worker.engines.writer.call import AnswerEndlessError, StreamCutError

CONNECT_SECONDS = 10.0


def make_client(settings: LLMSettings) -> AsyncOpenAI:
    """A client that asks once, follows nobody elsewhere with the key, and takes no more than an answer may hold.

    Raises:
        ModelUnavailableError: with these settings there can be no connection.
    """
    base_url, key = _address(settings), _key(settings)

    async def bound(response: httpx2.Response) -> None:
        _refuse_encoding(response)
        response.stream = _Bounded(response.stream, settings.max_answer_bytes)

    async def anonymous(request: httpx2.Request) -> None:
        # The client insists on a key; a server without one should be sent none.
        if key is None:
            request.headers.pop("Authorization", None)

    transport = httpx2.AsyncClient(
        timeout=httpx2.Timeout(settings.silence_seconds, connect=CONNECT_SECONDS, pool=None),
        limits=httpx2.Limits(max_connections=settings.concurrency),
        follow_redirects=False,
        event_hooks={"request": [anonymous], "response": [bound]},
    )
    return AsyncOpenAI(
        base_url=base_url,
        api_key=key or "none",
        max_retries=0,
        http_client=transport,
        default_headers={"Accept-Encoding": "identity"},
    )


def _address(settings: LLMSettings) -> str:
    address = (settings.base_url or "").strip()
    try:
        parts = urlsplit(address)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise ModelUnavailableError(
            "PLAYHEAD_LLM__BASE_URL is no address of a server: set it to one such as http://127.0.0.1:11434/v1"
        )
    return address


def _key(settings: LLMSettings) -> str | None:
    """The key, as a header can hold it: a file that it was read from may end in a line end."""
    key = settings.api_key.get_secret_value().strip() if settings.api_key else ""
    if not (key.isascii() and key.isprintable()):
        raise ModelUnavailableError("PLAYHEAD_LLM__API_KEY holds characters that no key has: set it anew on the worker")
    return key or None


def _refuse_encoding(response: httpx2.Response) -> None:
    # A few compressed bytes may be gigabytes.
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise StreamCutError("it compresses its answers, unasked")


class _Bounded(httpx2.AsyncByteStream):
    """A body of which no more is taken than this."""

    def __init__(self, body: object, most_bytes: int) -> None:
        assert isinstance(body, httpx2.AsyncByteStream)  # noqa: S101 - an asynchronous client's answer
        self._body = body
        self._most_bytes = most_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        taken = 0
        async for part in self._body:
            taken += len(part)
            if taken > self._most_bytes:
                raise AnswerEndlessError(f"the answer is larger than {self._most_bytes} bytes")
            yield part

    async def aclose(self) -> None:
        await self._body.aclose()
