"""The connection to the server."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
from openai import AsyncOpenAI

from playhead.settings import LLMSettings
from worker.engines.remote import header_key, server_address
from worker.engines.writer.call import AnswerEndlessError, StreamCutError

CONNECT_SECONDS = 10.0


def key_of(settings: LLMSettings) -> str | None:
    """The key that goes with every request, None if none does.

    Raises:
        ModelUnavailableError: no header can hold it.
    """
    return header_key(settings.api_key, "PLAYHEAD_LLM__API_KEY")


def make_client(settings: LLMSettings) -> AsyncOpenAI:
    """A client that asks once, follows nobody elsewhere with the key, and takes no more than an answer may hold.

    Raises:
        ModelUnavailableError: with these settings there can be no connection.
    """
    base_url = server_address(settings.base_url, "PLAYHEAD_LLM__BASE_URL")
    key = key_of(settings)

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
