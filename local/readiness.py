"""When the API answers."""

from __future__ import annotations

import asyncio
import contextlib

import httpx

from playhead.errors import UnavailableError

READY_SECONDS = 60.0
POLL_SECONDS = 0.1


async def ready(url: str, *, within_seconds: float = READY_SECONDS) -> None:
    """Return when the API at ``url`` can do its work.

    Raises:
        UnavailableError: it cannot within ``within_seconds``; the message tells its last answer.
    """
    answer = "none"
    # Whatever proxy the environment names, this machine is reached without it.
    async with httpx.AsyncClient(base_url=url, timeout=5.0, trust_env=False) as client:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_seconds):
                while (answer := await _ask(client)) != "200":  # noqa: ASYNC110 - it happens in another process
                    await asyncio.sleep(POLL_SECONDS)
                return
    message = f"the API at {url} is not ready after {within_seconds:g} seconds; its last answer: {answer}"
    raise UnavailableError(message)


async def _ask(client: httpx.AsyncClient) -> str:
    try:
        answer = await client.get("/readyz")
    except httpx.TransportError as error:
        return str(error) or type(error).__name__
    return "200" if answer.is_success else f"{answer.status_code} {answer.text[:200]}"
