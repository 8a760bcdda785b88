"""What is known of the thing that is being downloaded, and whether an answer goes on with it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime

import httpx

from playhead import filename

# Not more digits than a length can have: int() refuses thousands of them with an error of its own.
_CONTENT_RANGE = re.compile(r"bytes (?P<start>[0-9]{1,19})-[0-9]{1,19}/(?P<total>[0-9]{1,19}|\*)")
_UNSATISFIED = re.compile(r"bytes \*/(?P<total>[0-9]{1,19})")

# A server may change a file twice within the second that Last-Modified tells (RFC 9110, 8.8.2.2).
_SETTLED = timedelta(seconds=60)


@dataclass
class Entity:
    """One version of what the URL gives, of which ``done_bytes`` have been received.

    ``validator`` is what If-Range may name: without one a cut download must begin anew.
    """

    media_type: str
    name: str | None
    total_bytes: int | None
    validator: str | None
    done_bytes: int = 0

    @classmethod
    def of(cls, response: httpx.Response) -> Entity:
        """What a 200 begins."""
        headers = response.headers
        return cls(
            media_type=essence(headers) or "application/octet-stream",
            name=filename.from_disposition(headers.get("Content-Disposition"))
            or filename.from_path(response.url.raw_path.partition(b"?")[0].decode("ascii")),
            total_bytes=content_length(headers),
            validator=_validator(headers),
        )

    def resume_headers(self) -> dict[str, str]:
        """The request headers that ask for the rest, if it is still the same."""
        if self.validator is None or not self.done_bytes:
            return {}
        return {"Range": f"bytes={self.done_bytes}-", "If-Range": self.validator}

    def goes_on_with(self, response: httpx.Response) -> bool:
        """Whether a 206 begins where we stopped, and in the same version; if so, its total becomes known."""
        found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if found is None or int(found["start"]) != self.done_bytes:
            return False
        if self.total_bytes is not None and found["total"] not in {"*", str(self.total_bytes)}:
            return False
        if _validator(response.headers) not in {None, self.validator}:
            return False
        if found["total"] != "*":
            self.total_bytes = int(found["total"])
        return True

    def is_complete_after(self, response: httpx.Response) -> bool:
        """Whether a 416 says that there is nothing beyond what we have."""
        found = _UNSATISFIED.fullmatch(response.headers.get("Content-Range", ""))
        return found is not None and int(found["total"]) == self.done_bytes

    @property
    def is_short(self) -> bool:
        """Whether less has come than was announced."""
        return self.total_bytes is not None and self.done_bytes < self.total_bytes


def essence(headers: httpx.Headers) -> str:
    """The media type without its parameters, in lower case; empty where there is none."""
    return str(headers.get("Content-Type", "")).partition(";")[0].strip().lower()


def content_length(headers: httpx.Headers) -> int | None:
    """The length that is announced, in bytes."""
    text = headers.get("Content-Length", "")
    return int(text) if re.fullmatch("[0-9]{1,19}", text) else None


def _validator(headers: httpx.Headers) -> str | None:
    etag = headers.get("ETag", "")
    if etag:
        return None if etag.startswith("W/") else etag
    return _settled_date(headers)


def _settled_date(headers: httpx.Headers) -> str | None:
    try:
        modified = parsedate_to_datetime(headers["Last-Modified"])
        settled = parsedate_to_datetime(headers["Date"]) - modified >= _SETTLED
    except (KeyError, ValueError, TypeError):
        return None
    return str(headers["Last-Modified"]) if settled else None
