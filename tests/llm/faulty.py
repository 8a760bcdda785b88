"""A server of chat completions that does as it is told, call by call: also what no honest server does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class Answering:
    """One request being answered.

    Attributes:
        gone: set once the client has hung up.
    """

    writer: asyncio.StreamWriter
    gone: asyncio.Event

    async def send(self, *parts: bytes) -> None:
        self.writer.writelines(parts)
        await self.writer.drain()

    async def chunk(self, data: bytes) -> None:
        await self.send(f"{len(data):x}\r\n".encode(), data, b"\r\n")

    async def event(self, data: Any) -> None:
        await self.chunk(b"data: " + (data if isinstance(data, bytes) else json.dumps(data).encode()) + b"\n\n")


Act = Callable[[Answering], Awaitable[None]]


@dataclass
class Faulty:
    """Plays one act for each request, the last one again and again."""

    acts: list[Act]
    asked: list[Asked] = field(default_factory=list)
    url: str = ""
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    at_once: int = 0
    most_at_once: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: one request, then it ends."""
        try:
            self.asked.append(await _read(reader))
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            self.begun.set()
            act = self.acts.pop(0) if len(self.acts) > 1 else self.acts[0]
            await self._play(act, Answering(writer, self.gone), reader)
            self.at_once -= 1
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _play(self, act: Act, answering: Answering, reader: asyncio.StreamReader) -> None:
        playing = asyncio.ensure_future(act(answering))
        hearing = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait([playing, hearing], return_when=asyncio.FIRST_COMPLETED)
            if hearing.done():
                self.gone.set()
        finally:
            for task in (playing, hearing):
                task.cancel()
            await asyncio.gather(playing, hearing, return_exceptions=True)


async def _read(reader: asyncio.StreamReader) -> Asked:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Asked(first.split()[1], headers, json.loads(body or b"{}"))


@asynccontextmanager
async def faulty(*acts: Act) -> AsyncIterator[Faulty]:
    """Such a server on a free port of the loopback."""
    made = Faulty(list(acts))
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    async with server:
        made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        yield made
        server.close()


def says(
    content: str, *, finish: str | None = "stop", usage: tuple[int, int] | None = (11, 7), done: bool = True
) -> Act:
    """Stream an answer in pieces of ten characters."""

    async def act(answering: Answering) -> None:
        await answering.send(STREAM)
        for at in range(0, len(content), 10):
            await answering.event(_piece(content[at : at + 10]))
        if finish:
            await answering.event({"model": "served", "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
        if usage:
            counted = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
            await answering.event({"model": "served", "choices": [], "usage": counted})
        if done:
            await answering.event(b"[DONE]")
        await answering.send(b"0\r\n\r\n")

    return act


def refuses(status: int, said: Any = "no", **headers: str) -> Act:
    """Answer with this status, and an error in OpenAI's form where ``said`` is a text."""
    body = {"error": {"message": said, "type": "invalid_request_error"}} if isinstance(said, str) else said
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return plainly(json.dumps(body), f"{status} Status", **{"content-type": "application/json"} | given)


def plainly(body: str, status: str = "200 OK", **headers: str) -> Act:
    """Answer with this body."""

    async def act(answering: Answering) -> None:
        lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
        head = f"HTTP/1.1 {status}\r\ncontent-length: {len(body.encode())}\r\n{''.join(lines)}connection: close\r\n\r\n"
        await answering.send(head.encode(), body.encode())

    return act


def streams(*events: Any) -> Act:
    """Stream these events, and no others."""

    async def act(answering: Answering) -> None:
        await answering.send(STREAM)
        for event in events:
            await answering.event(event)
        await answering.send(b"0\r\n\r\n")

    return act


async def cuts(answering: Answering) -> None:
    """Begin an answer and hang up in its midst."""
    await answering.send(STREAM)
    await answering.event(_piece('{"cle'))
    answering.writer.transport.abort()


async def hangs_up(answering: Answering) -> None:
    """Take the request and say nothing."""
    answering.writer.transport.abort()


async def keeps_silent(answering: Answering) -> None:
    """Begin an answer, and give no further byte."""
    await answering.send(STREAM)
    await answering.event(_piece("{"))
    await asyncio.Event().wait()


async def drips(answering: Answering) -> None:
    """Give a byte now and then, for ever: a comment of the protocol, which is no answer."""
    await answering.send(STREAM)
    while True:
        await answering.chunk(b":")
        await asyncio.sleep(0.02)


async def floods(answering: Answering) -> None:
    """Never come to an end."""
    await answering.send(STREAM)
    while True:
        await answering.event(_piece("ha " * 1000))


async def floods_a_line(answering: Answering) -> None:
    """Never come to the end of a line."""
    await answering.send(STREAM, b"")
    await answering.chunk(b"data: ")
    while True:
        await answering.chunk(b"x" * 65536)


STREAM = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
)


def _piece(content: str) -> dict[str, Any]:
    delta = {"index": 0, "delta": {"role": "assistant", "content": content}, "finish_reason": None}
    return {"id": "1", "object": "chat.completion.chunk", "model": "served", "choices": [delta]}
