from __future__ import annotations

import asyncio

import asyncpg

from chaos.proxy import Link, Proxy, connect_to, url_through
from playhead.signals import Listener

CHANNEL = "news"
SECONDS = 10


class Ear:
    """What a listener's subscriber heard."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[str] = asyncio.Queue()
        self.looks: asyncio.Queue[None] = asyncio.Queue()

    def look(self) -> None:
        self.looks.put_nowait(None)

    async def next(self) -> str:
        return await asyncio.wait_for(self.heard.get(), SECONDS)

    async def looked(self) -> None:
        await asyncio.wait_for(self.looks.get(), SECONDS)


def listening(url: str, ear: Ear) -> Listener:
    return Listener(url, {CHANNEL: ear.heard.put_nowait}, on_connect=ear.look, backoff_seconds=0.01)


async def say(url: str, payload: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, payload)
    finally:
        await connection.close()


async def cut(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        cut = await connection.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = 'playhead-listener'"
        )
        assert len(cut) == 1, "one connection per process"
    finally:
        await connection.close()


async def test_payloads_arrive_in_order(empty_database_url: str) -> None:
    ear = Ear()
    async with listening(empty_database_url, ear) as listener:
        await asyncio.wait_for(listener.connected.wait(), SECONDS)
        await say(empty_database_url, "one")
        await say(empty_database_url, "two")
        assert [await ear.next(), await ear.next()] == ["one", "two"]


async def test_a_cut_connection_is_made_again_and_subscribers_look_for_themselves(empty_database_url: str) -> None:
    ear = Ear()
    async with listening(empty_database_url, ear):
        await ear.looked()
        await cut(empty_database_url)
        await ear.looked()
        await say(empty_database_url, "again")
        assert await ear.next() == "again"


async def test_a_database_that_is_away_at_the_start_is_waited_for(empty_database_url: str) -> None:
    ear = Ear()
    released = asyncio.Event()
    host, port = "127.0.0.1", 0

    async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()
        released.set()

    server = await asyncio.start_server(refuse, host, port)
    port = server.sockets[0].getsockname()[1]
    listener = listening(f"postgresql://nobody:none@{host}:{port}/none?sslmode=disable", ear)
    async with server, listener:
        await asyncio.wait_for(released.wait(), SECONDS)
        assert not listener.connected.is_set()
        # The server comes up: as if it were at this address.
        listener._url = empty_database_url
        await asyncio.wait_for(listener.connected.wait(), SECONDS)


class Swallowing(Link):
    """A connection whose network falls silent with the first LISTEN, and is mended for all others."""

    def data_received(self, data: bytes) -> None:
        proxy = self.proxy
        if isinstance(proxy, Swallower) and (self is proxy.silenced or b"LISTEN" in data):
            proxy.silenced = proxy.silenced or self
            if proxy.silenced is self:
                return
        super().data_received(data)


class Swallower(Proxy):
    link = Swallowing
    silenced: Link | None = None


async def test_a_network_that_falls_silent_before_it_listens_is_given_up(empty_database_url: str) -> None:
    ear = Ear()
    proxy = Swallower(connect_to(empty_database_url))
    through = url_through(await proxy.start(), empty_database_url)
    try:
        async with listening(through, ear) as listener:
            await asyncio.wait_for(listener.connected.wait(), 2 * SECONDS)
            await say(empty_database_url, "heard")
            assert await ear.next() == "heard"
    finally:
        await proxy.stop()
    assert proxy.silenced is not None


async def test_the_listener_leaves_no_connection_behind(empty_database_url: str) -> None:
    async with listening(empty_database_url, Ear()) as listener:
        await asyncio.wait_for(listener.connected.wait(), SECONDS)
    connection = await asyncpg.connect(empty_database_url)
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    try:
        async with asyncio.timeout(SECONDS):
            # No signal tells when the server has noticed the farewell.
            while await connection.fetchval(query):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    finally:
        await connection.close()
