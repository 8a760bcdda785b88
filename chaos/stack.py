"""Everything that runs: PostgreSQL, two APIs, three workers, and a network between them."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import httpx

from chaos.kinds import POISON_DIR
from chaos.plan import APIS, WORKERS
from chaos.process import Process
from chaos.proxy import Proxy, connect_to, url_through
from chaos.server import Server
from local.ports import free_ports
from local.sweeper import Sweeper
from playhead.migrate import upgrade

SEGMENTS, SEGMENT_SECONDS = 14, 0.5
"""What the stub transcriber makes of any recording: longer than the time after which it keeps a checkpoint."""
LOST_AFTER_SECONDS = 4.0
GRACE_SECONDS = 8.0
LEAVING_SECONDS = 15.0
"""What a process may need besides the grace to end after SIGTERM: to say farewell, on a machine that is busy."""
READY_SECONDS = 180.0
HOST = "127.0.0.1"
ENVIRONMENT = {
    "PLAYHEAD_ENGINES": "stub",
    "PLAYHEAD_CACHE": "false",  # Each job is to meet the faults by itself.
    "PLAYHEAD_STUB__SEGMENTS": str(SEGMENTS),
    "PLAYHEAD_STUB__SECONDS_PER_SEGMENT": str(SEGMENT_SECONDS),
    "PLAYHEAD_WORKER__HEARTBEAT_SECONDS": "1",
    "PLAYHEAD_WORKER__LOST_AFTER_SECONDS": str(LOST_AFTER_SECONDS),
    "PLAYHEAD_WORKER__GRACE_SECONDS": str(GRACE_SECONDS),
    "PLAYHEAD_WORKER__CONCURRENCY": '{"gpu": 4, "llm": 3, "cpu": 4, "io": 4}',
    "PLAYHEAD_RETRY__BASE_SECONDS": "0.5",
    "PLAYHEAD_RETRY__CAP_SECONDS": "3",
    "PLAYHEAD_DATABASE_POOL_SIZE": "6",
    "PLAYHEAD_LOG_FORMAT": "json",
}


class Stack:
    """``async with Stack(data, logs) as stack``: up and ready in the body, gone after it."""

    def __init__(self, data: Path, logs: Path) -> None:
        """Args: ``data``, a short path that other users may enter; ``logs``, for what the processes say."""
        self.data = data
        self.logs = logs
        self.key = secrets.token_urlsafe(24)
        self.server = Server(data / "postgres")
        self.proxies: dict[str, Proxy] = {}
        self.processes: dict[str, Process] = {}
        self.urls: list[str] = []
        self._poison = data / "poison"

    async def __aenter__(self) -> Self:
        self._poison.mkdir()
        self._sweeper = Sweeper(GRACE_SECONDS)
        try:
            await self._start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def _start(self) -> None:
        await self.server.start()
        await upgrade(self.server.url)
        ports = iter(free_ports(HOST, len(APIS)))
        for name in (*APIS, *WORKERS):
            await self._add(name, ports)
        async with asyncio.timeout(READY_SECONDS):
            await self.ready()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        for proxy in self.proxies.values():
            await proxy.stop()
        await self.server.stop()
        await asyncio.to_thread(self._sweeper.close)

    async def stop(self) -> None:
        """End the processes as an operator does."""
        await asyncio.gather(*(process.stop() for process in self.processes.values()))

    async def ready(self) -> None:
        """Return when all is up: both APIs say so, and three workers are alive."""
        headers = {"Authorization": f"Bearer {self.key}"}
        async with httpx.AsyncClient(headers=headers, timeout=5) as client:
            for url in self.urls:
                while not await _well(client, url):  # noqa: ASYNC110 - other processes
                    await asyncio.sleep(0.2)

    @property
    def storage_url(self) -> str:
        """Where the bytes are."""
        return (self.data / "home" / "storage").resolve().as_uri()

    async def _add(self, name: str, ports: Iterator[int]) -> None:
        proxy = self.proxies[name] = Proxy(connect_to(self.server.url))
        proxy_port = await proxy.start()
        command: tuple[str, ...] = ("worker",)
        if name in APIS:
            port = next(ports)
            self.urls.append(f"http://{HOST}:{port}")
            command = ("api", "--host", HOST, "--port", str(port))
        process = self.processes[name] = Process(
            name=name,
            command=(sys.executable, "-m", "chaos.entry", *command),
            environment=self._environment(name, proxy_port),
            folder=self.logs,
            sweeper=self._sweeper,
            is_poisoned=lambda pid: took_poison(self._poison, pid),
            term_seconds=GRACE_SECONDS + LEAVING_SECONDS,
        )
        process.start()

    def _environment(self, name: str, proxy_port: int) -> dict[str, str]:
        plain = {key: value for key, value in os.environ.items() if not key.startswith("PLAYHEAD_")}
        here = {
            "PLAYHEAD_DATABASE_URL": url_through(proxy_port, self.server.url),
            "PLAYHEAD_DATA_DIR": str(self.data / "home"),
            "PLAYHEAD_WORKER__ALIVE_FILE": str(self.data / f"{name}.alive"),
            "PLAYHEAD_ADMIN_KEY": self.key,
            POISON_DIR: str(self._poison),
        }
        return plain | ENVIRONMENT | here


def took_poison(folder: Path, pid: int) -> bool:
    """Whether a process that ended had left its id here. Asked once: the kernel gives the id to others."""
    try:
        (folder / str(pid)).unlink()
    except FileNotFoundError:
        return False
    return True


async def _well(client: httpx.AsyncClient, url: str) -> bool:
    try:
        ready = await client.get(f"{url}/readyz")
        workers = await client.get(f"{url}/api/v1/workers")
    except httpx.HTTPError:
        return False
    return ready.is_success and workers.is_success and len(workers.json()["items"]) >= len(WORKERS)
