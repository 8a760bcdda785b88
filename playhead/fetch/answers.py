"""Which answers of a server are refused, and as what."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from playhead.errors import TooLargeError, UrlRejectedError, UrlUnreachableError
from playhead.fetch.entity import content_length, essence
from playhead.fetch.urls import FIELD
from playhead.settings import FetchSettings

_WEB_PAGES = {"text/html", "application/xhtml+xml"}
_LATER = {
    httpx.codes.REQUEST_TIMEOUT,
    httpx.codes.TOO_EARLY,
    httpx.codes.TOO_MANY_REQUESTS,
}


def rejected(why: str) -> UrlRejectedError:
    """A permanent refusal."""
    return UrlRejectedError(why, field=FIELD)


def unreachable(why: str, *, retry_after_seconds: float | None = None) -> UrlUnreachableError:
    """A failure that may pass."""
    return UrlUnreachableError(why, field=FIELD, retry_after_seconds=retry_after_seconds)


def refuse_status(response: httpx.Response) -> None:
    """Raise for every status but 200 and 206."""
    if response.status_code in {httpx.codes.OK, httpx.codes.PARTIAL_CONTENT}:
        return
    refuse_for_now(response)
    raise rejected(answered(response))


def refuse_for_now(response: httpx.Response) -> None:
    """Raise for a status that may be another when asked again."""
    if response.status_code in _LATER or response.is_server_error:
        raise unreachable(answered(response), retry_after_seconds=_retry_after(response.headers))


def answered(response: httpx.Response) -> str:
    """What the server said, for a job's error."""
    return f"{response.url.host} answered {response.status_code} {response.reason_phrase}".rstrip() + "."


def refuse_content(response: httpx.Response, settings: FetchSettings) -> None:
    """Raise for what is no recording or too large, as far as the headers tell."""
    if essence(response.headers) in _WEB_PAGES:
        message = f"{response.url.host} gave a web page, not a recording: give the address of the file itself."
        raise rejected(message)
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        message = f"{response.url.host} gave the recording packed ({encoding}), though it was asked not to."
        raise rejected(message)
    refuse_size(content_length(response.headers) or 0, settings)


def refuse_size(size_bytes: int, settings: FetchSettings) -> None:
    """Raise TooLargeError beyond ``max_bytes``."""
    if size_bytes > settings.max_bytes:
        message = f"The recording is larger than the {settings.max_bytes} bytes that are fetched."
        raise TooLargeError(message, field=FIELD)


def _retry_after(headers: httpx.Headers) -> float | None:
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
