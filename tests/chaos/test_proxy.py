from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from chaos.proxy import HOST, Proxy


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(1024):
            writer.write(data)
    writer.close()


@asynccontextmanager
async def proxied() -> AsyncIterator[tuple[Proxy, int]]:
    """A proxy before a server that says everything back, and its port."""
    server = await asyncio.start_server(echo, HOST, 0)
    there = server.sockets[0].getsockname()[1]
    loop = asyncio.get_running_loop()
    proxy = Proxy(lambda protocol: loop.create_connection(lambda: protocol, HOST, there))
    yield proxy, await proxy.start()
    await proxy.stop()
    server.close()


async def said(reader: asyncio.StreamReader, count: int) -> bytes:
    async with asyncio.timeout(10):
        return await reader.readexactly(count)


async def greeted(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection through which something has passed."""
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(b"before")
    assert await said(reader, 6) == b"before"
    return reader, writer


async def test_what_is_said_in_a_silence_comes_after_it() -> None:
    async with proxied() as (proxy, port):
        reader, writer = await greeted(port)
        proxy.silence("both")
        writer.write(b"during")
        late_reader, late_writer = await asyncio.open_connection(HOST, port)
        late_writer.write(b"late")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.gather(reader.read(1), late_reader.read(1)), 0.2)
        proxy.heal(cut=False)
        assert (await said(reader, 6), await said(late_reader, 4)) == (b"during", b"late")
        writer.close()
        late_writer.close()


async def test_a_silence_that_ends_in_a_cut_delivers_nothing() -> None:
    async with proxied() as (proxy, port):
        reader, writer = await greeted(port)
        proxy.silence("answers")
        writer.write(b"during")
        await writer.drain()
        proxy.heal(cut=True)
        with pytest.raises(ConnectionError):
            await said(reader, 6)
        writer.close()


async def test_a_cut_network_refuses_and_then_lets_pass_again() -> None:
    async with proxied() as (proxy, port):
        proxy.refusing = True
        refused, its_writer = await asyncio.open_connection(HOST, port)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await said(refused, 1)
        its_writer.close()
        proxy.refusing = False
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(b"again")
        assert await said(reader, 5) == b"again"
        writer.close()
