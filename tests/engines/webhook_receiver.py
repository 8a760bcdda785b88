"""A receiver of webhooks on loopback, which looks at what it gets as Standard Webhooks tells receivers to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

HOST = "127.0.0.2"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass(frozen=True)
class Called:
    """A request."""

    line: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Receiver:
    """What came in. The next answers are ``answers`` (status and headers), then 204.

    Attributes:
        hold: while it is not set, nobody is answered.
        arrived: set when the first request has come.
    """

    port: int = 0
    calls: list[Called] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    hold: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}/hooks/summaries?for=ann"

    def settings(self, **more: Any) -> dict[str, Any]:
        """Of Playhead, so that it may be called."""
        return {"webhooks": {"secret": SECRET}, "fetch": {"allowed_networks": [f"{HOST}/32"]}} | more

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line, *rest = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").rstrip().split("\r\n")
            headers = {name.lower(): value for name, value in (one.split(": ", 1) for one in rest)}
            body = await reader.readexactly(int(headers["content-length"]))
            self.calls.append(Called(line, headers, body))
            self.arrived.set()
            await self.hold.wait()
            answer = self.answers.pop(0) if self.answers else "204 No Content"
            writer.write(f"HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def webhook_receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    made.hold.set()
    listening = await asyncio.start_server(made.serve, HOST, 0)
    made.port = listening.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        made.hold.set()
        listening.close()
        await listening.wait_closed()
