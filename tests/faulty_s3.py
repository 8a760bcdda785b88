"""A proxy before an S3 server that breaks what it is told to break: connections, answers, bodies, speed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest

from playhead.storage import Storage, opening

CHUNK_BYTES = 64 * 1024
ALWAYS = 1_000_000
_TURNED = bytes(range(255, -1, -1))


@dataclass(frozen=True)
class Head:
    """The first line of a message and its headers, as they came; ``asks`` in S3's words, e.g. `UploadPart`."""

    raw: bytes
    line: str
    headers: dict[str, str]

    @property
    def length(self) -> int:
        return int(self.headers.get("content-length", "0"))

    @property
    def asks(self) -> str:
        method, _, path = self.line.partition(" ")
        found = [name for sent, mark, name in _OPERATIONS if method == sent and re.search(mark, path)]
        if found == ["PutObject"] and "x-amz-copy-source" in self.headers:
            return "CopyObject"
        return found[0]


_OPERATIONS = (
    ("PUT", "partNumber=", "UploadPart"),
    ("PUT", "", "PutObject"),
    ("POST", r"\?uploads", "CreateMultipartUpload"),
    ("POST", "uploadId=", "CompleteMultipartUpload"),
    ("POST", r"\?delete", "DeleteObjects"),
    ("DELETE", "uploadId=", "AbortMultipartUpload"),
    ("DELETE", "", "DeleteObject"),
    ("HEAD", "", "HeadObject"),
    ("GET", "list-type=2", "ListObjectsV2"),
    ("GET", "", "GetObject"),
)


@dataclass
class Exchange:
    """One request and the way to the server that would answer it."""

    proxy: FaultyS3
    request: Head
    client: tuple[asyncio.StreamReader, asyncio.StreamWriter]
    server: tuple[asyncio.StreamReader, asyncio.StreamWriter]

    async def forward(self, *, stop_after: int | None = None, pause_seconds: float = 0.0) -> None:
        """Send the request on; its body only so far."""
        self.server[1].write(self.request.raw)
        size = self.request.length if stop_after is None else min(stop_after, self.request.length)
        await _copy(self.client[0], self.server[1], size, pause_seconds=pause_seconds)

    async def swallow(self) -> None:
        await _copy(self.client[0], None, self.request.length)

    async def answered(self) -> Head:
        return await _head(self.server[0])

    async def back(
        self, answer: Head, *, stop_after: int | None = None, pause_seconds: float = 0.0, garble: bool = False
    ) -> None:
        """Send the answer back; its body only so far, or with every bit turned round."""
        self.client[1].write(answer.raw)
        if self.request.line.startswith("HEAD ") or answer.line.split()[1] == "204":
            return
        if answer.headers.get("transfer-encoding") == "chunked":
            await _copy_chunked(self.server[0], self.client[1])
            return
        size = answer.length if stop_after is None else min(stop_after, answer.length)
        await _copy(self.server[0], self.client[1], size, pause_seconds=pause_seconds, garble=garble)


class CutError(Exception):
    """Both connections of the exchange are to be cut."""


Does = Callable[[Exchange], Awaitable[None]]


async def passes(exchange: Exchange) -> None:
    await exchange.forward()
    await exchange.back(await exchange.answered())


def slows(pause_seconds: float) -> Does:
    """Pause after each 64 KiB, in both directions."""

    async def slow(exchange: Exchange) -> None:
        await exchange.forward(pause_seconds=pause_seconds)
        await exchange.back(await exchange.answered(), pause_seconds=pause_seconds)

    return slow


async def goes_silent(exchange: Exchange) -> None:
    """Take the request and say nothing, until healed."""
    exchange.proxy.silent.set()
    await exchange.proxy.healed.wait()
    raise CutError


def goes_silent_after(size: int) -> Does:
    """Say nothing more after so many bytes of the answer's body, until healed."""

    async def quiet(exchange: Exchange) -> None:
        await exchange.forward()
        await exchange.back(await exchange.answered(), stop_after=size)
        await exchange.client[1].drain()
        await goes_silent(exchange)

    return quiet


def answers(status: int, code: str) -> Does:
    """Refuse, in S3's words."""

    async def refuse(exchange: Exchange) -> None:
        await exchange.swallow()
        body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{code}, as told.</Message></Error>".encode()
        head = f"HTTP/1.1 {status} {code}\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n\r\n"
        exchange.client[1].write(head.encode() + (b"" if exchange.request.line.startswith("HEAD ") else body))

    return refuse


def cuts_request(size: int) -> Does:
    """Cut the connection after so many bytes of the request's body."""

    async def cut(exchange: Exchange) -> None:
        await exchange.forward(stop_after=size)
        raise CutError

    return cut


def cuts_answer(size: int) -> Does:
    """Cut the connection after so many bytes of the answer's body."""

    async def cut(exchange: Exchange) -> None:
        await exchange.forward()
        await exchange.back(await exchange.answered(), stop_after=size)
        await exchange.client[1].drain()
        raise CutError

    return cut


async def loses_answer(exchange: Exchange) -> None:
    """Let the server do it, and never say so."""
    await exchange.forward()
    await exchange.answered()
    raise CutError


async def garbles(exchange: Exchange) -> None:
    """Answer with other bytes than those stored."""
    await exchange.forward()
    await exchange.back(await exchange.answered(), garble=True)


@dataclass
class Fault:
    """What becomes of the next ``times`` requests for one of these operations (for any, where none is named)."""

    does: Does
    operations: tuple[str, ...]
    times: int
    done: int = 0

    def takes(self, operation: str) -> bool:
        return self.done < self.times and (not self.operations or operation in self.operations)


@dataclass
class FaultyS3:
    """A proxy on a port of its own. It passes everything on until it is told otherwise."""

    server_port: int
    port: int = 0
    fault: Fault = field(default_factory=lambda: Fault(passes, (), 0))
    asked: list[str] = field(default_factory=list)
    silent: asyncio.Event = field(default_factory=asyncio.Event)
    healed: asyncio.Event = field(default_factory=asyncio.Event)
    _listening: asyncio.Server | None = None
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def breaks(self, does: Does, *operations: str, times: int = ALWAYS) -> Fault:
        """Do this to the next requests."""
        self.silent.clear()
        self.healed.clear()
        self.fault = Fault(does, operations, times)
        return self.fault

    async def refuse(self) -> None:
        """Have nothing listen at the port, and cut what is open."""
        assert self._listening is not None
        self._listening.close()
        await self._cut()

    async def heal(self) -> None:
        self.fault = Fault(passes, (), 0)
        self.healed.set()
        if self._listening is None or not self._listening.is_serving():
            await self.listen()

    async def listen(self) -> None:
        self._listening = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = int(self._listening.sockets[0].getsockname()[1])

    async def close(self) -> None:
        await self.heal()
        assert self._listening is not None
        self._listening.close()
        await self._cut()

    async def _cut(self) -> None:
        for task in self._open:
            task.cancel()
        if self._open:
            await asyncio.wait(self._open)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        server = await asyncio.open_connection("127.0.0.1", self.server_port)
        try:
            with suppress(CutError, OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while True:
                    await self._exchange((reader, writer), server)
        finally:
            self._open.discard(task)
            for each in (writer, server[1]):
                each.transport.abort()

    async def _exchange(
        self,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        request = await _head(client[0])
        self.asked.append(request.asks)
        does: Does = passes
        if self.fault.takes(request.asks):
            self.fault.done += 1
            does = self.fault.does
        await does(Exchange(self, request, client, server))
        await client[1].drain()


async def _head(reader: asyncio.StreamReader) -> Head:
    raw = await reader.readuntil(b"\r\n\r\n")
    line, *rest = raw.decode("latin-1").rstrip("\r\n").split("\r\n")
    pairs = (each.partition(":") for each in rest)
    return Head(raw, line, {name.strip().lower(): value.strip() for name, _, value in pairs})


async def _copy(
    source: asyncio.StreamReader,
    target: asyncio.StreamWriter | None,
    size: int,
    *,
    pause_seconds: float = 0.0,
    garble: bool = False,
) -> None:
    while size:
        data = await source.read(min(size, CHUNK_BYTES))
        if not data:
            raise CutError
        size -= len(data)
        if target is not None:
            target.write(data.translate(_TURNED) if garble else data)
            await target.drain()
        if pause_seconds:
            await asyncio.sleep(pause_seconds)


async def _copy_chunked(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while True:
        line = await source.readline()
        target.write(line + await source.readexactly(int(line, 16) + 2))
        await target.drain()
        if int(line, 16) == 0:
            return


def hasty(url: str) -> Storage:
    """The storage there, opened by one who waits for a silent server no longer than a test should: for what fails."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "QUICK_SILENCE", "1s")
        patch.setattr(opening, "BULK_SILENCE", "2s")
        storage = Storage.from_url(url)
    storage._marked = True  # whoever made the place has marked it: faults are for what comes after
    return storage


@asynccontextmanager
async def faulty(endpoint: str) -> AsyncIterator[FaultyS3]:
    """A proxy before the server at this endpoint."""
    proxy = FaultyS3(int(endpoint.rpartition(":")[2]))
    await proxy.listen()
    try:
        yield proxy
    finally:
        await proxy.close()
