"""Bytes that nothing points at any more, cleared away."""

from __future__ import annotations

from collections.abc import AsyncIterator

import structlog

from playhead.database import SWEEP_SECONDS, Database
from playhead.ledger import retention
from playhead.storage import Storage

BATCH = 500
log = structlog.get_logger(__name__)


async def clear_orphans(database: Database, storage: Storage, idle_seconds: float) -> None:
    """Delete what has been idle for this long: bytes whose row nothing needs, bytes without a row, broken uploads."""
    cleared = await storage.sweep_incoming(idle_seconds)
    while doomed := await _doom(database, idle_seconds):
        cleared += await _clear(database, storage, doomed, idle_seconds)
    async for strangers in _batches(storage, idle_seconds):
        async with database.transaction(patience_seconds=SWEEP_SECONDS) as session:
            doomed = await retention.doom_strangers(session, strangers)
        cleared += await _clear(database, storage, doomed, idle_seconds)
    if cleared:
        log.info("orphans_cleared", count=cleared)


async def _doom(database: Database, idle_seconds: float) -> list[str]:
    async with database.transaction(patience_seconds=SWEEP_SECONDS) as session:
        return await retention.doom_orphans(session, idle_seconds)


async def _clear(database: Database, storage: Storage, doomed: list[str], idle_seconds: float) -> int:
    for sha256 in doomed:
        # Bytes stored anew meanwhile stay: whoever did is about to write their row.
        await storage.delete(sha256, older_than_seconds=idle_seconds)
    async with database.transaction(patience_seconds=SWEEP_SECONDS) as session:
        await retention.bury(session, doomed)
    return len(doomed)


async def _batches(storage: Storage, idle_seconds: float) -> AsyncIterator[list[str]]:
    batch: list[str] = []
    async for sha256 in storage.list_older_than(idle_seconds):
        batch.append(sha256)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
