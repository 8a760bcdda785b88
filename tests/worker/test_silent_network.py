"""A network that goes silent: connections stand, and nothing comes through."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import make_url

from playhead.identity import new_id
from playhead.ledger import workers
from worker.engines import make_engines
from worker.heartbeat import Heartbeat, own_connection
from worker.metrics import Metrics
from worker.runner import Runner

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.worker.conftest import House


@dataclass
class Proxy:
    """Stands before the server, and can swallow what its connections say. Those made later are heard."""

    url: str
    muted: set[asyncio.Task[None] | None] = field(default_factory=set)
    open: set[asyncio.Task[None] | None] = field(default_factory=set)

    def mute(self) -> None:
        self.muted |= self.open

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        me = asyncio.current_task()
        self.open.add(me)
        from_server, to_server = await self._connect()
        with suppress(OSError):
            ways = (self._pump(me, reader, to_server), self._pump(me, from_server, writer))
            await asyncio.gather(*ways)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        server = make_url(self.url)
        port = server.port or 5432
        if folder := server.query.get("host"):
            return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{port}")
        return await asyncio.open_connection(server.host, port)

    async def _pump(
        self, me: asyncio.Task[None] | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                if me not in self.muted:
                    writer.write(data)
                    await writer.drain()
        writer.close()


@asynccontextmanager
async def before(url: str) -> AsyncIterator[tuple[Proxy, str]]:
    proxy = Proxy(url)
    server = await asyncio.start_server(proxy.carry, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        through = make_url(url).set(host="127.0.0.1", port=port, query={})
        yield proxy, through.render_as_string(hide_password=False)
    await asyncio.wait([task for task in proxy.open if task], timeout=10)


async def test_the_heart_beats_again_before_the_worker_is_taken_for_dead(house: House, tmp_path: Path) -> None:
    settings = house.settings.model_copy(deep=True)
    settings.worker.lost_after_seconds = 4
    engines = make_engines(settings)
    async with before(house.database.url) as (proxy, through):
        runner = Runner(new_id(), settings, house.database, house.storage, engines, tmp_path, Metrics())
        async with house.database.transaction() as session:
            about = {"name": "heart", "device": "stub", "queues": ["gpu"], "concurrency": {"gpu": 1}}
            await workers.arrive(session, runner.worker_id, **about)  # type: ignore[arg-type]
        database = own_connection(through, settings.worker)
        heartbeat = Heartbeat(runner, database, sign_of_life=tmp_path / "alive")
        await heartbeat.beat()
        proxy.mute()
        async with asyncio.timeout(settings.worker.lost_after_seconds):
            with suppress(TimeoutError):
                await heartbeat.beat()
            await heartbeat.beat()
        await database.close()
    await engines.close()
