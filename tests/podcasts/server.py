"""A feed server of the tests' own: real HTTP, one answer a path at a time, which can be changed."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests import http_server
from tests.http_server import Answer, Asked, raw

# The one address that these tests open: everything else on loopback stays as forbidden as it is in production.
ADDRESS = "127.0.0.3"


@dataclass
class FeedServer:
    port: int = 0
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: dict[str, list[Asked]] = field(default_factory=lambda: defaultdict(list))

    def url(self, path: str) -> str:
        return f"http://{ADDRESS}:{self.port}{path}"

    def choose(self, asked: Asked) -> Answer:
        self.asked[asked.path].append(asked)
        return self.answers.get(asked.path, answer("404 Not Found"))


def answer(status: str = "200 OK", body: bytes = b"", /, announced: int | None = None, **headers: str) -> Answer:
    """``Content_Type`` is written ``Content-Type``. ``announced``: the length that is told, if it is another."""
    told = {"Content-Length": str(len(body) if announced is None else announced)}
    told |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return raw(f"HTTP/1.1 {status}\r\n{lines}Connection: close\r\n\r\n".encode("latin-1") + body)


def versioned(body: bytes, *, etag: str = "", modified: str = "") -> Answer:
    """304 for whoever has this version."""
    headers: dict[str, Any] = {"ETag": etag} if etag else {"Last_Modified": modified}
    whole, same = answer("200 OK", body, **headers), answer("304 Not Modified", **headers)

    async def send(asked: Asked, writer: asyncio.StreamWriter) -> None:
        given = asked.headers.get("if-none-match"), asked.headers.get("if-modified-since")
        await (same if given == (etag or None, modified or None) else whole)(asked, writer)

    return send


def redirect(location: str, status: str = "301 Moved Permanently") -> Answer:
    return answer(status, Location=location)


def silent(asked: asyncio.Event, released: asyncio.Event) -> Answer:
    """Says nothing until it is let go."""

    async def send(_: Asked, __: asyncio.StreamWriter) -> None:
        asked.set()
        await released.wait()

    return send


@asynccontextmanager
async def serving() -> AsyncIterator[FeedServer]:
    server = FeedServer()
    async with http_server.serving(ADDRESS, server.choose) as server.port:
        yield server
