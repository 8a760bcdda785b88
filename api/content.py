"""Stored bytes as an answer: whole, in part, or not at all because the client has them (RFC 9110)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.problems import documented, problem, respond
from api.tracing import request_id
from playhead.storage import Storage

_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})", re.IGNORECASE | re.ASCII)
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127}")
_UNSATISFIABLE = -1, -1

RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The bytes.",
        "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
        "headers": {"ETag": {"description": "The SHA-256 of the whole.", "schema": {"type": "string"}}},
    },
    206: {
        "description": "The range that was asked for.",
        "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
        "headers": {"Content-Range": {"description": "Which bytes, of how many.", "schema": {"type": "string"}}},
    },
    304: {"description": "The client has these bytes: their `ETag` is in its `If-None-Match`."},
    **documented(404, 416),
}
"""What a route of this kind documents."""


@dataclass(frozen=True)
class Content:
    """Stored bytes and what to say of them."""

    sha256: str
    size_bytes: int
    media_type: str
    name: str

    @property
    def etag(self) -> str:
        """Strong: the same for the same bytes, whatever they are called."""
        return f'"{self.sha256}"'

    def headers(self) -> dict[str, str]:
        """The headers of any answer about these bytes."""
        return {
            "ETag": self.etag,
            "Accept-Ranges": "bytes",
            "Cache-Control": "private, no-cache",
            # What was uploaded or said in a recording must never run as a page of ours.
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Content-Disposition": attachment(self.name),
        }


async def answer(request: Request, storage: Storage, content: Content) -> Response:
    """The answer to a GET of these bytes, with ``Range``, ``If-Range`` and ``If-None-Match`` honoured.

    Several ranges at once are answered with the whole, as the standard allows.

    Raises:
        InputMissingError: the storage no longer has them.
        StorageError: it did not answer.
    """
    headers = content.headers()
    if _has_it(request, content.etag):
        return Response(status_code=304, headers=headers)
    start, end = _wanted(request, content)
    if (start, end) == _UNSATISFIABLE:
        return _unsatisfiable(request, content.size_bytes)
    whole = end - start == content.size_bytes
    if not whole:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{content.size_bytes}"
    headers["Content-Length"] = str(end - start)
    # Opened before the answer begins: what is missing is still an error of its own.
    chunks = await storage.read(content.sha256, start, end)
    return StreamingResponse(chunks, 200 if whole else 206, headers, _sendable(content.media_type))


def attachment(name: str) -> str:
    """A Content-Disposition that saves under this name, in any script (RFC 6266)."""
    plain = re.sub(r"[^A-Za-z0-9 !#$&+.^_`|~()\[\],;=@{}-]", "_", name)
    extended = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='', errors='replace')}"
    return f'attachment; filename="{plain}"{extended}'


def is_sendable(media_type: str) -> bool:
    """Whether a header can hold this media type."""
    return _MEDIA_TYPE.fullmatch(media_type) is not None


def _sendable(media_type: str) -> str:
    return media_type if is_sendable(media_type) else "application/octet-stream"


def _has_it(request: Request, etag: str) -> bool:
    given = request.headers.get("if-none-match", "")
    return any(tag.strip().removeprefix("W/") in {etag, "*"} for tag in given.split(","))


def _wanted(request: Request, content: Content) -> tuple[int, int]:
    """The half-open range to send; the whole where none, or one that means nothing, is asked for."""
    size = content.size_bytes
    found = _RANGE.fullmatch(request.headers.get("range", "").replace(" ", ""))
    unchanged = request.headers.get("if-range", content.etag) == content.etag
    if found is None or not unchanged or found.groups() == ("", ""):
        return 0, size
    first, last = found.groups()
    if not first:  # the last so many bytes
        return (max(0, size - int(last)), size) if int(last) and size else _UNSATISFIABLE
    start, end = int(first), min(size, int(last) + 1) if last else size
    if last and int(last) < start:  # no range at all: as if it were not there
        return 0, size
    return (start, end) if start < size else _UNSATISFIABLE


def _unsatisfiable(request: Request, size: int) -> Response:
    detail = f"the content has {size} bytes"
    told = problem(
        code="range_not_satisfiable", title="The range lies outside of the content", status=416, detail=detail
    )
    return respond(told, request_id(request.scope), {"Content-Range": f"bytes */{size}"})
