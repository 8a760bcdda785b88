from __future__ import annotations

import asyncio
from collections import ChainMap, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network

import pytest
import pytest_asyncio

from playhead.settings import FetchSettings

# The one address that these tests open: everything else on loopback stays as forbidden as it is in production.
SERVER = "127.0.0.2"


@dataclass(frozen=True)
class Request:
    path: str
    headers: dict[str, str]


Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class ScriptedServer:
    """Answers each path from a script, one entry a request, the last one for ever; remembers what was asked."""

    port: int = 0
    scripts: dict[str, list[Answer]] = field(default_factory=dict)
    requests: dict[str, list[Request]] = field(default_factory=lambda: defaultdict(list))

    def url(self, path: str) -> str:
        return f"http://{SERVER}:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = parsed(await reader.readuntil(b"\r\n\r\n"))
            seen = self.requests[request.path]
            seen.append(request)
            script = self.scripts[request.path]
            await script[min(len(seen), len(script)) - 1](writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def parsed(head: bytes) -> Request:
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.split(": ", 1) for line in lines if line)
    return Request(first.split()[1], {name.lower(): value for name, value in pairs})


def answer(status: str, body: bytes = b"", *headers: Mapping[str, str], length: int | None = None) -> Answer:
    """An answer that announces ``length`` bytes (its body's, unless told otherwise), sends its body and hangs up."""
    announced = len(body) if length is None else length
    told = {"Content-Length": str(announced), **dict(ChainMap(*map(dict, headers)))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return raw(f"HTTP/1.1 {status}\r\n{lines}\r\n".encode("latin-1") + body)


def raw(data: bytes) -> Answer:
    async def send(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return send


def then_hang(first: Answer, released: asyncio.Event) -> Answer:
    async def send(writer: asyncio.StreamWriter) -> None:
        await first(writer)
        await released.wait()

    return send


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    scripted = ScriptedServer()
    listening = await asyncio.start_server(scripted.serve, SERVER, 0)
    scripted.port = listening.sockets[0].getsockname()[1]
    yield scripted
    listening.close()
    await listening.wait_closed()


@pytest.fixture
def settings() -> FetchSettings:
    return FetchSettings(allowed_networks=[IPv4Network(f"{SERVER}/32")], silence_seconds=0.3, resume_pause_seconds=0)
