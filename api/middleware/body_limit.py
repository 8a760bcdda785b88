from __future__ import annotations

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 1024 * 1024


class BodyLimit:
    """Refuses large bodies before they fill the memory, but for the paths that stream theirs to the storage.

    Starlette's own limit answers in plain text; this one raises where the body is read, so that it is a problem.
    """

    def __init__(self, app: ASGIApp, streaming: frozenset[str]) -> None:
        self.app = app
        self.streaming = streaming

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"] in self.streaming:
            await self.app(scope, receive, send)
            return
        size, announced = 0, _announced(scope)

        async def limited() -> Message:
            nonlocal size
            _check(announced)
            message = await receive()
            size += len(message.get("body", b""))
            _check(size)
            return message

        await self.app(scope, limited, send)


def _announced(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "")
    return int(length) if length.isdecimal() else 0


def _check(size: int) -> None:
    if size > MAX_BODY_BYTES:
        raise HTTPException(413, f"a body has at most {MAX_BODY_BYTES} bytes here: upload recordings to /api/v1/files")
