"""What the server does with requests that never become one."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from api.protocol import MAX_BARREN_BYTES, Protocol

SECONDS = 20
READ_BYTES = 256 * 1024
"""What asyncio reads at once: so much may come in before anyone can count it."""


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the number of the body's bytes."""
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    await PlainTextResponse(str(size))(scope, receive, send)


@asynccontextmanager
async def serving() -> AsyncIterator[int]:
    """A server on a free port of loopback; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(echo, http=Protocol, lifespan="off", log_config=None, access_log=False))
        task = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            await task


@dataclass
class Told:
    sent_bytes: int
    answer: bytes


async def flood(port: int, beginning: bytes, piece: bytes, *, upto_bytes: int) -> Told:
    """Send pieces until the server has enough of them; what it answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    sent, answer = 0, asyncio.create_task(reader.read())
    try:
        writer.write(beginning)
        while sent < upto_bytes and not answer.done():
            writer.write(piece)
            await writer.drain()
            sent += len(piece)
        return Told(sent, await answer)
    except ConnectionError:
        return Told(sent, b"")
    finally:
        answer.cancel()
        writer.close()


BEGINNINGS = {
    "a header's value": (b"GET / HTTP/1.1\r\nHost: x\r\nA: ", b"a" * 16384),
    "many headers": (b"GET / HTTP/1.1\r\nHost: x\r\n", b"A: b\r\n" * 2048),
    "the address": (b"GET /?", b"a" * 16384),
    "a chunk's extension": (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"a" * 16384),
    "trailers": (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"A: b\r\n" * 2048),
}


@pytest.mark.parametrize("case", BEGINNINGS)
async def test_what_is_no_body_may_not_grow_without_bound(case: str) -> None:
    async with asyncio.timeout(SECONDS), serving() as port:
        told = await flood(port, *BEGINNINGS[case], upto_bytes=64 * 1024 * 1024)
    # The kernel holds some more on both sides of the connection.
    assert told.sent_bytes < MAX_BARREN_BYTES + READ_BYTES + 16 * 1024 * 1024


async def test_it_is_told_as_a_problem() -> None:
    head = b"GET / HTTP/1.1\r\nHost: x\r\nA: "
    async with asyncio.timeout(SECONDS), serving() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head + b"a" * 1000)
        await writer.drain()
        # Not more than is read: a connection closed with bytes unread is reset, and the answer with it.
        for _ in range(MAX_BARREN_BYTES // 1000 + 1):
            writer.write(b"a" * 1000)
        answer = await reader.read()
        writer.close()
    told, _, body = answer.partition(b"\r\n\r\n")
    assert told.startswith(b"HTTP/1.1 400 ")
    assert b"Content-Type: application/problem+json" in told
    assert json.loads(body)["code"] == "malformed"
    assert str(MAX_BARREN_BYTES) in json.loads(body)["detail"]


async def test_what_is_no_http_is_told_as_a_problem() -> None:
    async with asyncio.timeout(SECONDS), serving() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\x16\x03\x01\x00\xff\r\n\r\n")
        answer = await reader.read()
        writer.close()
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["status"] == 400


PIECES = MAX_BARREN_BYTES // 4
"""Each comes with a line for its length and an empty one: five bytes that are no body."""


async def test_a_long_body_in_small_chunks_passes() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(PIECES):
            yield b"ab"

    async with asyncio.timeout(SECONDS), serving() as port, httpx.AsyncClient(trust_env=False) as client:
        url = f"http://127.0.0.1:{port}/"
        assert (await client.post(url, content=pieces())).text == str(2 * PIECES)
        assert (await client.get(url, headers={"A": "a" * 30_000})).text == "0"
        assert (await client.get(url, headers={"A": "a" * 30_000})).text == "0", "each request is counted by itself"
