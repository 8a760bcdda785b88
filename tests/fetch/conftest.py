from __future__ import annotations

import asyncio
from collections import ChainMap, defaultdict
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network

import pytest
import pytest_asyncio

from playhead.settings import FetchSettings
from tests.http_server import Answer, Asked, raw, serving

# The one address that these tests open: everything else on loopback stays as forbidden as it is in production.
SERVER = "127.0.0.2"


@dataclass
class ScriptedServer:
    """Answers each path from a script, one entry a request, the last one for ever; remembers what was asked."""

    port: int = 0
    scripts: dict[str, list[Answer]] = field(default_factory=dict)
    requests: dict[str, list[Asked]] = field(default_factory=lambda: defaultdict(list))

    def url(self, path: str) -> str:
        return f"http://{SERVER}:{self.port}{path}"

    def choose(self, asked: Asked) -> Answer:
        seen = self.requests[asked.path]
        seen.append(asked)
        script = self.scripts[asked.path]
        return script[min(len(seen), len(script)) - 1]


def answer(status: str, body: bytes = b"", *headers: Mapping[str, str], length: int | None = None) -> Answer:
    """An answer that announces ``length`` bytes (its body's, unless told otherwise), sends its body and hangs up."""
    announced = len(body) if length is None else length
    told = {"Content-Length": str(announced), **dict(ChainMap(*map(dict, headers)))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return raw(f"HTTP/1.1 {status}\r\n{lines}\r\n".encode("latin-1") + body)


def then_hang(first: Answer, released: asyncio.Event) -> Answer:
    async def send(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await first(asked, writer)
        await released.wait()

    return send


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    scripted = ScriptedServer()
    async with serving(SERVER, scripted.choose) as scripted.port:
        yield scripted


@pytest.fixture
def settings() -> FetchSettings:
    return FetchSettings(allowed_networks=[IPv4Network(f"{SERVER}/32")], silence_seconds=60, resume_pause_seconds=0)
