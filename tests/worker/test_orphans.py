from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, text

from playhead.errors import StorageError
from playhead.identity import new_id
from playhead.ledger import clearing, workers
from playhead.ledger.claim import claim
from playhead.ledger.files import keep_blobs
from playhead.models import Blob
from worker import orphans, settling
from worker.context import JobContext
from worker.orphans import clear_orphans
from worker.outcome import Success
from worker.settling import Settling

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
    assert await house.storage.exists(blob.sha256)  # the process may yet be at it
    await age_rows(house)
    await clear_orphans(house.database, house.storage, IDLE)
    assert not await house.storage.exists(blob.sha256)
    assert await known(house) == set()


async def test_no_row_may_point_at_doomed_bytes(house: House) -> None:
    blob = await house.storage.put_bytes(b"uploaded again while it is cleared away")
    async with house.database.transaction() as session:
        await keep_blobs(session, [blob])
        await session.execute(text("UPDATE blobs SET deleting = true"))
    other = await house.storage.put_bytes(b"made beside it")
    async with house.database.transaction() as session:
        with pytest.raises(StorageError) as refused:
            await keep_blobs(session, [other, blob])
    assert refused.value.retry_after_seconds == 1


async def test_what_a_dead_process_doomed_may_be_pointed_at_again(house: House) -> None:
    blob = await house.storage.put_bytes(b"doomed as a stranger, whose size nobody knew")
    async with house.database.transaction() as session:
        await clearing.doom_strangers(session, [blob.sha256])
    await age_rows(house)
    await house.upload(b"doomed as a stranger, whose size nobody knew")
    async with house.database.transaction() as session:
        kept = (await session.execute(select(Blob.size_bytes, Blob.deleting))).one()
    assert tuple(kept) == (blob.size_bytes, False)


async def test_a_doom_that_was_slept_through_buries_nothing(house: House) -> None:
    blob = await house.storage.put_bytes(b"doomed twice")
    async with house.database.transaction() as session:
        slept = await clearing.doom_strangers(session, [blob.sha256])
    await age_rows(house)
    async with house.database.transaction() as session:
        assert set(await clearing.doom_orphans(session, IDLE)) == {blob.sha256}
    async with house.database.transaction() as session:
        await clearing.bury(session, slept)
    assert await known(house) == {blob.sha256}


async def test_a_doom_that_was_slept_through_removes_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orphans, "LAST_SECONDS", -1.0)
    blob = await house.storage.put_bytes(b"another may have it by now")
    age(house)
    await clear_orphans(house.database, house.storage, IDLE)
    assert await house.storage.exists(blob.sha256)


async def test_bytes_that_cannot_be_removed_hold_up_no_others(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck, *others = [await house.storage.put_bytes(bytes([number])) for number in range(4)]
    delete = house.storage.delete

    async def refuse(sha256: str, **about: float) -> bool:
        if sha256 == stuck.sha256:
            raise StorageError("not this one")
        return await delete(sha256, **about)

    monkeypatch.setattr(house.storage, "delete", refuse)
    age(house)
    await clear_orphans(house.database, house.storage, IDLE)
    assert [await house.storage.exists(blob.sha256) for blob in (stuck, *others)] == [True, False, False, False]
    assert await known(house) == {stuck.sha256}
    monkeypatch.undo()
    await age_rows(house)
    await clear_orphans(house.database, house.storage, IDLE)
    assert await known(house) == set()


async def test_bytes_stored_just_before_their_removal_are_missed_by_whoever_writes_them_down(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = await house.storage.put_bytes(b"old")
    age(house)
    remove = house.storage._place.remove

    async def remove_what_is_new(key: str) -> None:
        if key.startswith("blobs/"):  # they were looked at, and were old
            await house.storage.put_bytes(b"old")
        await remove(key)

    monkeypatch.setattr(house.storage._place, "remove", remove_what_is_new)
    await clear_orphans(house.database, house.storage, IDLE)
    async with house.database.transaction() as session:
        await keep_blobs(session, [blob])
        with pytest.raises(StorageError, match="cleared away"):
            await house.storage.confirm([blob])
        await session.rollback()


async def test_an_output_that_was_cleared_away_before_the_job_settled_fails_the_attempt(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job may go on for longer than idle bytes are kept."""
    monkeypatch.setattr(settling, "STORAGE_SECONDS", 0.0)
    job_id = await house.submit(input={"url": "https://example.com/talk"})
    worker_id = new_id()
    async with house.database.transaction() as session:
        about = {"name": "bench", "device": "none", "queues": ["gpu"], "concurrency": {"gpu": 1}}
        await workers.arrive(session, worker_id, **about)  # type: ignore[arg-type]
    async with house.database.transaction() as session:
        run = await claim(session, job_id, worker_id)
    assert run is not None
    nothing: Any = None
    folder = house.settings.scratch_location
    context = JobContext(run, house.database, house.storage, nothing, nothing, folder, nothing)
    await context.save_output("text.txt", b"made hours ago", "text/plain")
    age(house)
    await clear_orphans(house.database, house.storage, IDLE)
    writing = Settling(house.database, house.storage, house.settings.retry)
    assert await writing.settle(context, Success({})) == "to_retry"
    job = await house.job(job_id)
    assert (job.error or {})["code"] == "storage_unavailable"
    assert await house.outputs(job_id) == {}
