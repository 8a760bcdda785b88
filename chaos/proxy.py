"""The network between one process and PostgreSQL: a TCP proxy that can fall silent or be cut."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal, cast

from sqlalchemy import make_url

Direction = Literal["both", "answers", "requests"]
Connect = Callable[[asyncio.Protocol], Awaitable[tuple[asyncio.Transport, asyncio.Protocol]]]

HOST = "127.0.0.1"


def connect_to(url: str) -> Connect:
    """Open connections to the PostgreSQL server of this URL, be it by TCP or by a Unix socket."""
    loop, there = asyncio.get_running_loop(), make_url(url)
    port = there.port or 5432
    if folder := there.query.get("host"):
        return lambda protocol: loop.create_unix_connection(lambda: protocol, f"{folder}/.s.PGSQL.{port}")
    return lambda protocol: loop.create_connection(lambda: protocol, there.host or HOST, port)


def url_through(port: int, url: str) -> str:
    """The URL of the same database through a proxy on this port."""
    return make_url(url).set(host=HOST, port=port, query={}).render_as_string(hide_password=False)


class Link(asyncio.Protocol):
    """One connection of a client, and the one to the server that belongs to it."""

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        self._client: asyncio.Transport | None = None
        self._server: asyncio.Transport | None = None
        self._opening: asyncio.Task[None] | None = None
        self._early = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client comes. A silent network lets it wait."""
        self._client = cast("asyncio.Transport", transport)
        if self.proxy.refusing:
            self._client.abort()
            return
        self.proxy.links.add(self)
        self.heed()

    def data_received(self, data: bytes) -> None:
        """What the client says."""
        if self._server:
            self._server.write(data)
        else:
            self._early += data

    def connection_lost(self, _: Exception | None) -> None:
        """The client is gone."""
        self.proxy.links.discard(self)
        if self._server:
            self._server.close()

    def heed(self) -> None:
        """Do as the network does now."""
        silent = self.proxy.silent
        _flow(self._client, open_=silent not in {"both", "requests"})
        _flow(self._server, open_=silent not in {"both", "answers"})
        if silent is None and self._server is None and self._opening is None:
            self._opening = asyncio.get_running_loop().create_task(self._open())

    def abort(self) -> None:
        """Reset both connections."""
        for transport in (self._client, self._server):
            if transport:
                transport.abort()

    def answered(self, data: bytes) -> None:
        """What the server says."""
        if self._client:
            self._client.write(data)

    def ended(self) -> None:
        """The server is gone."""
        if self._client:
            self._client.close()

    async def _open(self) -> None:
        try:
            self._server, _ = await self.proxy.connect(Upstream(self))
        except OSError:
            self.abort()
            return
        if self._client is None or self._client.is_closing():
            self._server.abort()
            return
        self._server.write(bytes(self._early))
        self._early.clear()
        self.heed()


class Upstream(asyncio.Protocol):
    """The side of the server."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def data_received(self, data: bytes) -> None:
        """Pass it on."""
        self._link.answered(data)

    def connection_lost(self, _: Exception | None) -> None:
        """Pass that on too."""
        self._link.ended()


class Proxy:
    """Listens on a port of its own and passes on.

    Silence is what a network does that loses packets: connections stand and nothing passes, nor do new connections
    get an answer. Bytes on their way come late, as TCP would send them again, or never, if the silence ends in a cut.

    Attributes:
        link: what is made of a connection.
        silent: what does not pass.
        refusing: nobody is let in.
        links: the connections there are.
    """

    link: type[Link] = Link

    def __init__(self, connect: Connect) -> None:
        """Args: ``connect``, which opens a connection to the server for a protocol."""
        self.connect = connect
        self.silent: Direction | None = None
        self.refusing = False
        self.links: set[Link] = set()
        self._server: asyncio.Server | None = None

    async def start(self, port: int = 0) -> int:
        """Listen on this port of the loopback, or on any that is free; gives which."""
        self._server = await asyncio.get_running_loop().create_server(lambda: self.link(self), HOST, port)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Cut all and listen no more."""
        if self._server:
            self._server.close()
        self.cut()

    def silence(self, direction: Direction = "both") -> None:
        """Let nothing pass from now on, in this direction."""
        self.silent = direction
        for link in self.links:
            link.heed()

    def heal(self, *, cut: bool = False) -> None:
        """Let all pass again: what was held back too, unless the connections are cut instead."""
        self.silent = None
        if cut:
            self.cut()
        for link in list(self.links):
            link.heed()

    def cut(self) -> None:
        """Reset every connection."""
        for link in list(self.links):
            link.abort()


def _flow(transport: asyncio.Transport | None, *, open_: bool) -> None:
    if transport and not transport.is_closing():
        (transport.resume_reading if open_ else transport.pause_reading)()
