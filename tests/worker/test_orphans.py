from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, text

from playhead.errors import StorageError
from playhead.ledger.files import keep_blobs
from playhead.models import Blob
from worker.orphans import clear_orphans

if TYPE_CHECKING:
    from tests.worker.conftest import House

IDLE = 3600.0


def age(house: House) -> None:
    """Let every stored object be two hours old."""
    past = time.time() - 2 * IDLE
    root = house.settings.data_dir / "storage"
    for path in root.rglob("*"):
        os.utime(path, (past, past))


async def known(house: House) -> set[str]:
    async with house.database.transaction() as session:
        return set(await session.scalars(select(Blob.sha256)))


async def age_rows(house: House) -> None:
    async with house.database.transaction() as session:
        await session.execute(text("UPDATE blobs SET touched_at = now() - interval '2 hours'"))


async def test_bytes_without_a_row_are_cleared_once_they_are_old(house: House) -> None:
    stray = await house.storage.put_bytes(b"stored, but the process died before its row was written")
    await clear_orphans(house.database, house.storage, IDLE)
    assert await house.storage.exists(stray.sha256)
    age(house)
    await clear_orphans(house.database, house.storage, IDLE)
    assert not await house.storage.exists(stray.sha256)
    assert await known(house) == set()


async def test_bytes_that_a_file_needs_stay_however_old(house: House) -> None:
    await house.upload(b"kept")
    age(house)
    await age_rows(house)
    await clear_orphans(house.database, house.storage, IDLE)
    (sha256,) = await known(house)
    assert await house.storage.exists(sha256)


async def test_bytes_that_nothing_needs_go_with_their_row(house: House) -> None:
    blob = await house.storage.put_bytes(b"needed no more")
    async with house.database.transaction() as session:
        await keep_blobs(session, [blob])
    age(house)
    await age_rows(house)
    await clear_orphans(house.database, house.storage, IDLE)
    assert not await house.storage.exists(blob.sha256)
    assert await known(house) == set()


async def test_a_sweep_cut_short_is_taken_up_again(house: House) -> None:
    blob = await house.storage.put_bytes(b"doomed, and then the process died")
    async with house.database.transaction() as session:
        await keep_blobs(session, [blob])
        await session.execute(text("UPDATE blobs SET deleting = true"))
    age(house)
    await clear_orphans(house.database, house.storage, IDLE)
    assert not await house.storage.exists(blob.sha256)
    assert await known(house) == set()


async def test_no_row_may_point_at_doomed_bytes(house: House) -> None:
    blob = await house.storage.put_bytes(b"uploaded again while it is cleared away")
    async with house.database.transaction() as session:
        await keep_blobs(session, [blob])
        await session.execute(text("UPDATE blobs SET deleting = true"))
    async with house.database.transaction() as session:
        with pytest.raises(StorageError) as refused:
            await keep_blobs(session, [blob])
    assert refused.value.retry_after_seconds == 1
