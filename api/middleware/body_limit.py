from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 1024 * 1024


class BodyLimit:
    """Refuses large bodies before they fill the memory.

    ``limits`` are those of paths that have one of their own, in bytes; None for those that stream theirs. A path that
    ends with a slash stands for those right below it.

    Starlette's own limit answers in plain text; this one raises where the body is read, so that it is a problem.
    """

    def __init__(self, app: ASGIApp, limits: Mapping[str, int | None]) -> None:
        self.app = app
        self.limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        most = self._most(scope["path"]) if scope["type"] == "http" else None
        if most is None:
            await self.app(scope, receive, send)
            return
        size, announced = 0, _announced(scope)

        async def limited() -> Message:
            nonlocal size
            _check(announced, most)
            message = await receive()
            size += len(message.get("body", b""))
            _check(size, most)
            return message

        await self.app(scope, limited, send)

    def _most(self, path: str) -> int | None:
        above = f"{path.rpartition('/')[0]}/"
        return self.limits.get(path, self.limits.get(above, MAX_BODY_BYTES))


def _announced(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "")
    return int(length) if length.isdecimal() else 0


def _check(size: int, most: int) -> None:
    if size > most:
        raise HTTPException(413, f"a body has at most {most} bytes here: upload recordings to /api/v1/files")
