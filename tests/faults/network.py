"""The network before a server: it can fall silent, be cut, or lose one answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import make_url


@dataclass(eq=False)
class Link:
    """One connection through the network.

    Attributes:
        passing: clear while it is silent; what is said meanwhile comes late, or never.
        said: what the client said in its transaction.
        losing: whether the server's next words get lost, and the connection with them.
        over: whether it was cut.
    """

    client: asyncio.StreamWriter
    passing: asyncio.Event = field(default_factory=asyncio.Event)
    said: bytes = b""
    losing: bool = False
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def cut(self) -> None:
        self.client.transport.abort()
        self.over.set()


@dataclass
class Network:
    """A way to the server that is at ``url``.

    Attributes:
        silent: connections stand and nothing passes, nor do new ones get an answer.
        refusing: nobody is let in.
        losing: the answer to the next COMMIT of who has said this before on the same connection is lost, and the
            connection with it; None: none is.
        lost: set when it was.
    """

    url: str
    links: set[Link] = field(default_factory=set)
    silent: bool = False
    refusing: bool = False
    losing: bytes | None = None
    lost: asyncio.Event = field(default_factory=asyncio.Event)

    def silence(self) -> None:
        self.silent = True
        for link in self.links:
            link.passing.clear()

    def heal(self) -> None:
        """What was held back arrives."""
        self.mend()
        for link in self.links:
            link.passing.set()

    def mend(self) -> None:
        """For those who connect from now on: the others stay silent for ever."""
        self.silent = False

    def cut(self) -> None:
        for link in tuple(self.links):
            link.cut()

    def lose_next_answer(self, of_who_said: bytes = b"") -> None:
        self.losing = of_who_said
        self.lost.clear()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until either side ends it, or it is cut."""
        link = Link(writer)
        self.links.add(link)
        if not self.silent:
            link.passing.set()
        if self.refusing:
            link.cut()
        with suppress(OSError):
            from_server, to_server = await self._connect()
            ways = (self._requests(link, reader, to_server), self._answers(link, from_server, writer), link.over.wait())
            await _until_first_of(*ways)
            to_server.close()
        writer.close()
        self.links.discard(link)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        server = make_url(self.url)
        port = server.port or 5432
        if folder := server.query.get("host"):
            return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{port}")
        return await asyncio.open_connection(server.host, port)

    async def _requests(self, link: Link, reader: asyncio.StreamReader, to_server: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            await link.passing.wait()
            link.said += data
            if self.losing is not None and b"COMMIT" in data:
                link.losing = self.losing in link.said
                self.losing = None if link.losing else self.losing
                link.said = b""
            to_server.write(data)
            await to_server.drain()

    async def _answers(self, link: Link, from_server: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await from_server.read(65536):
            await link.passing.wait()
            if link.losing:
                link.cut()
                self.lost.set()
                return
            writer.write(data)
            await writer.drain()


async def _until_first_of(*ways: Coroutine[Any, Any, Any]) -> None:
    tasks = [asyncio.create_task(way) for way in ways]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def before(url: str) -> AsyncIterator[tuple[Network, str]]:
    """A network before the server at ``url``, and the address of the server through it."""
    network = Network(url)
    server = await asyncio.start_server(network.carry, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    through = make_url(url).set(host="127.0.0.1", port=port, query={})
    try:
        yield network, through.render_as_string(hide_password=False)
    finally:
        server.close()
        network.cut()
        async with asyncio.timeout(10):
            while network.links:  # Nothing tells when the last has gone.  # noqa: ASYNC110
                await asyncio.sleep(0.01)
