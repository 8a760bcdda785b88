"""The network of the chaos run before one server, and one thing more that it can do: lose the answer to a COMMIT."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from chaos.proxy import Link, Proxy, connect_to, url_through


class ForgetfulLink(Link):
    """A connection whose answer may get lost.

    Attributes:
        said: what the client said in its transaction.
        losing: whether the server's next words get lost, and the connection with them.
    """

    said = b""
    losing = False

    def data_received(self, data: bytes) -> None:
        self.said += data
        network = cast("Network", self.proxy)
        if network.ends_with in data:
            self.losing = network.loses_answer_to(self.said)
            self.said = b""
        super().data_received(data)

    def answered(self, data: bytes) -> None:
        if self.losing:
            self.abort()
            cast("Network", self.proxy).lost.set()
        else:
            super().answered(data)


class Network(Proxy):
    """A way to the server that is at a URL.

    Attributes:
        losing: the answer to the next COMMIT of who has said this before on the same connection is lost, and the
            connection with it; None: none is.
        ends_with: the COMMIT, or the statement itself where each is a transaction.
        lost: set when it was.
    """

    link = ForgetfulLink

    def __init__(self, url: str) -> None:
        super().__init__(connect_to(url))
        self.losing: bytes | None = None
        self.ends_with = b"COMMIT"
        self.lost = asyncio.Event()

    def mend(self) -> None:
        """For those who connect from now on: the others stay silent for ever."""
        self.silent = None

    def lose_next_answer(self, of_who_said: bytes = b"", *, ends_with: bytes = b"COMMIT") -> None:
        self.losing, self.ends_with = of_who_said, ends_with
        self.lost.clear()

    def loses_answer_to(self, said: bytes) -> bool:
        loses = self.losing is not None and self.losing in said
        self.losing = None if loses else self.losing
        return loses


@asynccontextmanager
async def before(url: str) -> AsyncIterator[tuple[Network, str]]:
    """A network before the server at ``url``, and the address of the server through it."""
    network = Network(url)
    port = await network.start()
    try:
        yield network, url_through(port, url)
    finally:
        await network.stop()
        async with asyncio.timeout(60):
            while network.links:  # Nothing tells when the last has gone.  # noqa: ASYNC110
                await asyncio.sleep(0.01)
