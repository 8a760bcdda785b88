"""What must hold of the storage."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterable

from chaos.verdict import Verdict
from playhead.errors import PlayheadError
from playhead.storage import Storage


async def check_bytes(storage: Storage, wanted: Iterable[tuple[str, int]], verdict: Verdict) -> None:
    """The bytes that are pointed at are in the storage, and are what their name says. ``wanted``: sha256 and size."""
    for sha256, size_bytes in wanted:
        verdict.note("bytes", [text async for text in _missing(storage, sha256, size_bytes)])


async def _missing(storage: Storage, sha256: str, size_bytes: int) -> AsyncIterator[str]:
    try:
        content = b"".join([chunk async for chunk in await storage.read(sha256)])
    except PlayheadError as error:
        yield f"{sha256}: {error.message}"
        return
    digest = await asyncio.to_thread(lambda: hashlib.sha256(content).hexdigest())
    if (digest, len(content)) != (sha256, size_bytes):
        yield f"{sha256} ({size_bytes} bytes) holds {len(content)} bytes of {digest}"
