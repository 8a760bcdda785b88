"""A server with OpenAI's HTTP: who is there, and which models it lists. Nothing is asked that costs money."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import SecretStr

from cli.catalog import masked

PATIENCE_SECONDS = 5.0
MOST_BYTES = 16 * 1024**2
REFUSED_KEY = frozenset({401, 402, 403})


@dataclass(frozen=True)
class Answer:
    """What came of a request.

    Attributes:
        status: of HTTP; 0 where there was no answer.
        body: its JSON; None where it has none.
        fault: why there was no answer, without the key.
    """

    status: int = 0
    body: Any = None
    fault: str = ""
    leads_to: str = ""

    def models(self) -> list[str]:
        """Names of the models in the list; none where it is no such list."""
        listed = self.body.get("data") if isinstance(self.body, dict) else None
        found = listed if isinstance(listed, list) else []
        return [str(one["id"]) for one in found if isinstance(one, dict) and one.get("id")]


def is_sendable(key: SecretStr | None) -> bool:
    """Whether a header can hold it. Libraries that refuse to send one quote it in full."""
    text = key.get_secret_value() if key else ""
    return text.isascii() and text.isprintable() and text == text.strip()


def models_of(base_url: str, key: SecretStr | None) -> Answer:
    """The answer to ``GET BASE_URL/models``."""
    return get(f"{base_url.rstrip('/')}/models", f"Bearer {key.get_secret_value()}" if key else None)


def get(url: str, authorization: str | None) -> Answer:
    """The answer to a request, if it comes within seconds. Redirects are not followed: the key goes nowhere else."""
    return asyncio.run(_get(url, {"Authorization": authorization} if authorization else {}))


async def _get(url: str, headers: dict[str, str]) -> Answer:
    try:
        async with (
            asyncio.timeout(PATIENCE_SECONDS),
            httpx.AsyncClient(headers=headers) as client,
            client.stream("GET", url) as response,
        ):
            body = await _read(response)
    except TimeoutError:
        return Answer(fault=f"no whole answer within {PATIENCE_SECONDS:g} s")
    except httpx.TransportError as error:
        return Answer(fault=masked(str(error)) or type(error).__name__)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return Answer(fault="the address is none")
    return Answer(response.status_code, body, leads_to=masked(response.headers.get("location", "")))


async def _read(response: httpx.Response) -> Any:
    content = bytearray()
    async for part in response.aiter_bytes():
        content += part
        if len(content) > MOST_BYTES:
            return None
    try:
        return json.loads(content)
    except ValueError:
        return None
