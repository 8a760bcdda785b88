"""Streams of bytes, cut to the size that storing wants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

PIECE_BYTES = 1024 * 1024


async def pieces(chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """The same bytes in pieces of a mebibyte or more, so that a hop to a thread carries enough to be worth it."""
    held: list[bytes] = []
    size = 0
    async for chunk in chunks:
        held.append(chunk)
        size += len(chunk)
        if size >= PIECE_BYTES:
            yield b"".join(held)
            held, size = [], 0
    if size:
        yield b"".join(held)


async def file_pieces(path: Path) -> AsyncGenerator[bytes, None]:
    """A local file, piece by piece, read off the event loop."""
    file = await asyncio.to_thread(path.open, "rb")
    try:
        while piece := await asyncio.to_thread(file.read, PIECE_BYTES):
            yield piece
    finally:
        file.close()


async def held_pieces(*held: bytes) -> AsyncGenerator[bytes, None]:
    """Bytes that are already in memory."""
    for piece in held:
        yield piece
