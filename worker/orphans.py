"""Bytes that nothing points at any more, cleared away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.database import SWEEP_SECONDS, Database
from playhead.errors import StorageError
from playhead.ledger import clearing
from playhead.storage import Storage

BATCH = 100
LAST_SECONDS = 90.0
"""How long after a doom the last of its bytes may begin to be removed."""
REMOVAL_SECONDS = 40.0
"""How long one removal may take: all are over before another may clear the same bytes away."""
assert LAST_SECONDS + REMOVAL_SECONDS < clearing.HOLD_SECONDS  # noqa: S101 - of our own figures

T = TypeVar("T")
log = structlog.get_logger(__name__)

Doom = Callable[[AsyncSession], Awaitable[clearing.Doomed]]


async def clear_orphans(database: Database, storage: Storage, idle_seconds: float) -> None:
    """Delete what has been idle for this long: bytes whose row nothing needs, bytes without a row, broken uploads."""
    orphans = Orphans(database, storage, idle_seconds)
    cleared = 0
    while count := await orphans.clear(partial(clearing.doom_orphans, idle_seconds=idle_seconds)):
        cleared += count
    async for strangers in _batches(storage, idle_seconds):
        cleared += await orphans.clear(partial(clearing.doom_strangers, sha256s=strangers))
    cleared += await storage.sweep_incoming(idle_seconds)
    if cleared:
        log.info("orphans_cleared", count=cleared)


@dataclass(frozen=True)
class Orphans:
    """Bytes to be cleared away, of which those that were stored within ``idle_seconds`` stay."""

    database: Database
    storage: Storage
    idle_seconds: float

    async def clear(self, doom: Doom) -> int:
        """Doom a batch, remove it, bury it. Gives how many are gone; what could not be removed stays doomed."""
        last = time.monotonic() + LAST_SECONDS
        doomed = await self._write(doom)
        gone = {sha256: at for sha256, at in doomed.items() if await self._remove(sha256, last)}
        if gone:
            await self._write(partial(clearing.bury, gone=gone))
        return len(gone)

    async def _remove(self, sha256: str, last: float) -> bool:
        """Whether the bytes are gone, or were stored anew meanwhile by somebody who is about to write their row."""
        if time.monotonic() > last:
            return False
        try:
            async with asyncio.timeout(REMOVAL_SECONDS):
                await self.storage.delete(sha256, older_than_seconds=self.idle_seconds)
        except (StorageError, TimeoutError) as error:
            log.warning("orphan_left", sha256=sha256, error=str(error) or "it took too long")
            return False
        return True

    async def _write(self, change: Callable[[AsyncSession], Awaitable[T]]) -> T:
        async with self.database.transaction(patience_seconds=SWEEP_SECONDS) as session:
            return await change(session)


async def _batches(storage: Storage, idle_seconds: float) -> AsyncIterator[list[str]]:
    batch: list[str] = []
    async for sha256 in storage.list_older_than(idle_seconds):
        batch.append(sha256)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
