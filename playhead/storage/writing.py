"""Streaming into the store, in bounded memory."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager

import obstore
from obstore.store import ObjectStore

from playhead.errors import TooLargeError
from playhead.storage.faults import faults
from playhead.storage.pieces import pieces
from playhead.storage.tidying import tidy

# S3 takes at most 10,000 parts: 78 GiB. Two parts in flight and one filling are 24 MiB of memory for each upload.
PART_BYTES = 8 * 1024 * 1024
PARTS_IN_FLIGHT = 2
QUICK_BYTES = 64 * 1024
"""What is no longer than this is hashed in less time than it takes to reach a thread."""


@asynccontextmanager
async def writing(store: ObjectStore, key: str) -> AsyncIterator[Callable[[bytes], Awaitable[None]]]:
    """Write one object: it exists once the block has ended well, and is taken back when the block fails.

    The block gets a function that writes one piece. Not obstore's ``put_async``: that one drives an async iterator
    in tasks of its own, and a canceled upload would leave one behind, still waiting for the client's next bytes.
    """
    writer = obstore.open_writer_async(store, key, buffer_size=PART_BYTES, max_concurrency=PARTS_IN_FLIGHT)
    closing: asyncio.Future[None] | None = None

    async def write(piece: bytes) -> None:
        with faults("writing"):
            await writer.write(piece)

    async def take_back(error: BaseException) -> None:
        with faults("taking back an upload"):
            if closing is not None:
                # A close that was cut short could no longer be taken back: what it completes, the sweep takes.
                await closing
            await writer.__aexit__(type(error), error, error.__traceback__)

    try:
        yield write
        with faults("writing"):
            closing = asyncio.ensure_future(writer.close())
            await asyncio.shield(closing)
    except BaseException as error:
        await tidy(take_back(error))
        raise


async def receive(
    store: ObjectStore, key: str, chunks: AsyncIterator[bytes], *, max_bytes: int | None
) -> tuple[str, int]:
    """Write a stream to ``key``; gives its sha256 and its size in bytes. TooLargeError beyond ``max_bytes``."""
    digest = hashlib.sha256()
    size_bytes = 0
    async with writing(store, key) as write, aclosing(pieces(chunks)) as cut:
        async for piece in cut:
            size_bytes += len(piece)
            _check_size(size_bytes, max_bytes)
            if len(piece) > QUICK_BYTES:
                await asyncio.to_thread(digest.update, piece)
            else:
                digest.update(piece)
            await write(piece)
    return digest.hexdigest(), size_bytes


def _check_size(size_bytes: int, max_bytes: int | None) -> None:
    if max_bytes is not None and size_bytes > max_bytes:
        message = f"At most {max_bytes} bytes are accepted."
        raise TooLargeError(message)
