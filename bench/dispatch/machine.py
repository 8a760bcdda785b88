"""What the benchmarks run on: one PostgreSQL with a database for each side, and processes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import make_url

from bench.dispatch import nothing, stock
from local.ports import any_free
from local.postgres import EmbeddedPostgres
from local.readiness import ready
from playhead.migrate import upgrade

HOST = "127.0.0.1"
ADMIN_KEY = "bench-admin-key-of-nobody"
END_SECONDS = 30.0


class Machine:
    """``async with machine() as it``: the server is up, with a migrated database for Playhead and one for its rival.

    Attributes:
        url: of Playhead's database; ``stock_url`` of that of the plain Procrastinate application.
    """

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.log = folder / "log"
        self.url = url
        self.stock_url = make_url(url).set(database="stock").render_as_string(hide_password=False)

    async def prepare(self) -> None:
        """Make the tables of both sides."""
        await upgrade(self.url)
        async with self.connection() as connection:
            await connection.execute("CREATE DATABASE stock")
        async with stock.make_app(self.stock_url).open_async() as app:
            await app.schema_manager.apply_schema_async()

    @contextlib.asynccontextmanager
    async def connection(self, url: str | None = None) -> AsyncIterator[asyncpg.Connection[Any]]:
        """A connection of the benchmark's own."""
        connection = await asyncpg.connect(url or self.url)
        try:
            yield connection
        finally:
            await connection.close()

    @contextlib.asynccontextmanager
    async def worker(self, concurrency: int) -> AsyncIterator[int]:
        """A worker of Playhead that takes what does nothing; its process id."""
        settings = {
            "PLAYHEAD_WORKER__QUEUES": json.dumps([nothing.QUEUE]),
            "PLAYHEAD_WORKER__CONCURRENCY": json.dumps({nothing.QUEUE: concurrency}),
        }
        async with self._process("bench.dispatch.nothing", "worker", settings=self._playhead | settings) as process:
            yield process.pid

    @contextlib.asynccontextmanager
    async def stock_worker(self, concurrency: int) -> AsyncIterator[int]:
        """A worker of plain Procrastinate; its process id."""
        settings = {stock.DATABASE: self.stock_url, stock.CONCURRENCY: str(concurrency)}
        async with self._process("bench.dispatch.stock", settings=settings) as process:
            yield process.pid

    @contextlib.asynccontextmanager
    async def api(self) -> AsyncIterator[tuple[str, int]]:
        """An API that is ready; its URL and its process id."""
        port = any_free(HOST)
        command = ("bench.dispatch.nothing", "api", "--host", HOST, "--port", str(port))
        async with self._process(*command, settings=self._playhead) as process:
            await ready(f"http://{HOST}:{port}")
            yield f"http://{HOST}:{port}", process.pid

    @property
    def _playhead(self) -> dict[str, str]:
        return {
            "PLAYHEAD_DATABASE_URL": self.url,
            "PLAYHEAD_DATA_DIR": str(self.folder / "home"),
            "PLAYHEAD_ADMIN_KEY": ADMIN_KEY,
            "PLAYHEAD_ENGINES": "stub",
            "PLAYHEAD_LOG_FORMAT": "json",
        }

    @contextlib.asynccontextmanager
    async def _process(
        self, module: str, *arguments: str, settings: dict[str, str]
    ) -> AsyncIterator[asyncio.subprocess.Process]:
        # What is set for whoever runs this must not set what is measured.
        plain = {key: value for key, value in os.environ.items() if not key.startswith("PLAYHEAD_")}
        command = (sys.executable, "-m", module, *arguments)
        with self.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(*command, env=plain | settings, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.terminate()
            await asyncio.wait_for(process.wait(), END_SECONDS)


@contextlib.asynccontextmanager
async def machine() -> AsyncIterator[Machine]:
    """All of it for the length of the block, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # noqa: ASYNC240 - as root, PostgreSQL runs as another user, who must enter
        server = EmbeddedPostgres(folder / "postgres")
        made = Machine(folder, await asyncio.to_thread(server.start))
        try:
            await made.prepare()
            yield made
        finally:
            await asyncio.to_thread(server.stop)
