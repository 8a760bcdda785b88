"""The three pipes between a worker and its engine: requests, replies, and what the engine prints."""

from __future__ import annotations

import asyncio
import os
from contextlib import ExitStack
from dataclasses import dataclass


@dataclass(frozen=True)
class EngineEnds:
    """The engine's ends, as descriptors."""

    requests: int
    replies: int
    printed: int

    def close(self) -> None:
        """Give them back: the engine has its own by now, or there is none."""
        for descriptor in (self.requests, self.replies, self.printed):
            os.close(descriptor)


@dataclass(frozen=True)
class Pipes:
    """The worker's ends."""

    requests: asyncio.WriteTransport
    replies: asyncio.StreamReader
    printed: asyncio.StreamReader
    _reading: list[asyncio.ReadTransport]

    def close(self) -> None:
        """Say and hear no more."""
        for transport in [self.requests, *self._reading]:
            transport.close()


async def open_pipes(replies_limit: int, printed_limit: int) -> tuple[Pipes, EngineEnds]:
    """Both ends of all three. A line of a reply longer than its limit, in bytes, is refused.

    Raises:
        OSError: this process has too many files open.
    """
    requests, replies, printed = _three()
    writing, _ = await asyncio.get_running_loop().connect_write_pipe(
        asyncio.BaseProtocol, os.fdopen(requests[1], "wb", buffering=0)
    )
    hearing, hearing_transport = await _reader(replies[0], replies_limit)
    watching, watching_transport = await _reader(printed[0], printed_limit)
    ours = Pipes(writing, hearing, watching, [hearing_transport, watching_transport])
    return ours, EngineEnds(requests[0], replies[1], printed[1])


def _three() -> list[tuple[int, int]]:
    """Three pipes or none, each as the descriptors to read from and to write to."""
    with ExitStack() as undo:
        made = []
        for _ in range(3):
            made.append(os.pipe())
            undo.callback(os.close, made[-1][0])
            undo.callback(os.close, made[-1][1])
        undo.pop_all()
        return made


async def _reader(descriptor: int, limit: int) -> tuple[asyncio.StreamReader, asyncio.ReadTransport]:
    stream = asyncio.StreamReader(limit=limit)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(descriptor, "rb", buffering=0)
    )
    return stream, transport
