"""Where fake parts report: a connection that opens says that a part lives, one that ends says that it has died.

The kernel closes the connection with the process, so both are signals to wait on. As a program it is such a part:
`python rollcall.py SOCKET NAME [deaf] [child] [PORT]`; `deaf` ignores SIGTERM, `child` starts a child that reports as
well, and on PORT it answers 200 to whatever HTTP asks.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.server
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE_SECONDS = 60.0


@dataclass
class Call:
    """A part that reported. Times of death are compared by their order in ``RollCall.dead``."""

    name: str
    pid: int
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    async def has_gone(self) -> None:
        await asyncio.wait_for(self.gone.wait(), PATIENCE_SECONDS)


@dataclass
class RollCall:
    """The test's side."""

    path: Path
    dead: list[str] = field(default_factory=list)
    calls: asyncio.Queue[Call] = field(default_factory=asyncio.Queue)

    async def next(self) -> Call:
        return await asyncio.wait_for(self.calls.get(), PATIENCE_SECONDS)

    async def these(self, *names: str) -> list[Call]:
        """The next calls, which must be of these names, in the order of the names."""
        calls = {call.name: call for call in [await self.next() for _ in names]}
        return [calls[name] for name in names]

    def command(self, name: str, *options: str) -> tuple[str, ...]:
        """The command of a fake part."""
        return (sys.executable, "-I", "-S", __file__, str(self.path), name, *options)

    async def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        name, pid = (await reader.readline()).decode().split()
        call = Call(name, int(pid))
        await self.calls.put(call)
        with contextlib.suppress(ConnectionError):
            await reader.read()
        self.dead.append(name)
        call.gone.set()
        writer.close()


@contextlib.asynccontextmanager
async def roll_call(folder: Path) -> AsyncIterator[RollCall]:
    """Hear parts on a socket in ``folder``."""
    roll = RollCall(folder / "roll")
    server = await asyncio.start_unix_server(roll._hear, roll.path)
    try:
        yield roll
    finally:
        server.close()


def main() -> None:
    """The part's side."""
    _, path, name, *options = sys.argv
    signal.signal(signal.SIGTERM, signal.SIG_IGN if "deaf" in options else lambda *_: os._exit(0))
    if "child" in options:
        subprocess.Popen([sys.executable, "-I", "-S", __file__, path, f"{name}-child", "deaf"])
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    connection.sendall(f"{name} {os.getpid()}\n".encode())
    if options and options[-1].isdecimal():
        http.server.HTTPServer(("127.0.0.1", int(options[-1])), Yes).serve_forever()
    while True:
        signal.pause()


class Yes(http.server.BaseHTTPRequestHandler):
    """Answers 200."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    main()
