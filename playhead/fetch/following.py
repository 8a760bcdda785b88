"""One request and the redirects it meets, each checked like the first URL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager

import httpcore
import httpx

from playhead.errors import InvalidError
from playhead.fetch.answers import rejected, unreachable
from playhead.fetch.urls import checked_url
from playhead.settings import FetchSettings

OnRedirect = Callable[[int, httpx.URL], None]


def ignore(_: int, __: httpx.URL) -> None:
    """Who goes on from the first address each time need not know where it led."""


@asynccontextmanager
async def answer(
    client: httpx.AsyncClient,
    url: httpx.URL,
    headers: Mapping[str, str],
    settings: FetchSettings,
    *,
    on_redirect: OnRedirect = ignore,
) -> AsyncIterator[httpx.Response]:
    """The first answer that is no redirect, its body yet to be read.

    ``on_redirect`` hears of each redirect: its status, and where it leads.

    Raises:
        UrlForbiddenError: a redirect leads where it may not.
        UrlRejectedError: a redirect leads nowhere, or there are too many.
        UrlUnreachableError: the connection fails, also while the block reads the body.
    """
    for _ in range(settings.max_redirects + 1):
        with faults(url):
            response = await client.send(client.build_request("GET", url, headers=headers), stream=True)
        try:
            if not response.has_redirect_location:
                with faults(url):
                    yield response
                return
            url = _redirected(response, settings)
            on_redirect(response.status_code, url)
        finally:
            await response.aclose()
    message = f"The URL redirects more than {settings.max_redirects} times."
    raise rejected(message)


def _redirected(response: httpx.Response, settings: FetchSettings) -> httpx.URL:
    try:
        return checked_url(str(response.url.join(response.headers["Location"])), settings.allowed_networks)
    except (InvalidError, httpx.InvalidURL) as error:
        message = f"{response.url.host} redirects to something else than an http or https URL without credentials."
        raise rejected(message) from error


@contextmanager
def faults(url: httpx.URL) -> Iterator[None]:
    """Turn what goes wrong on the way into UrlUnreachableError, and a redirect to no URL into UrlRejectedError."""
    try:
        yield
    except httpcore.TimeoutException as error:
        message = f"{url.host} was silent for too long."
        raise unreachable(message) from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        message = f"The connection to {url.host} failed: {str(error) or type(error).__name__}"
        raise unreachable(message) from error
    except httpx.HTTPError as error:  # httpx reads the Location of a redirect even where it does not follow it
        message = f"{url.host} redirects to something that is no URL."
        raise rejected(message) from error
